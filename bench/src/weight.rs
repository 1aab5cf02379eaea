//! `bench weight`: how long the program takes to its first answer, what it holds in memory when idle, how large it is.

use base::clock::Stopwatch;
use clap::Parser;
use client::{Connection, Failure, Server};

/// How to run.
#[derive(Parser)]
pub(crate) struct Options {
    /// Starts that are measured
    #[arg(long, default_value_t = 10)]
    starts: usize,
    /// Fail if the median start takes longer, in milliseconds
    #[arg(long)]
    start_below: Option<f64>,
    /// Fail if the process holds more when idle, in MiB
    #[arg(long)]
    memory_below: Option<f64>,
}

/// Runs the measurement and prints it.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut starts = Vec::new();
    let mut memory = 0.0;
    for _ in 0..options.starts.max(1) {
        let watch = Stopwatch::start();
        let server = Server::production()?;
        runtime.block_on(health(&server))?;
        starts.push(watch.elapsed().as_secs_f64() * 1000.0);
        memory = resident_mib(server.pid())?;
    }
    starts.sort_by(f64::total_cmp);
    let start = starts[starts.len() / 2];
    let size = std::fs::metadata(Server::binary()?)?.len() as f64 / f64::from(1 << 20);
    println!("start to first answer  {start:>8.1} ms (median of {})", starts.len());
    println!("resident when idle     {memory:>8.1} MiB");
    println!("binary                 {size:>8.1} MiB");
    if options.start_below.is_some_and(|limit| start > limit) {
        return Err(format!("the start took {start:.1} ms").into());
    }
    if options.memory_below.is_some_and(|limit| memory > limit) {
        return Err(format!("the process holds {memory:.1} MiB").into());
    }
    Ok(())
}

async fn health(server: &Server) -> Result<(), Failure> {
    let mut connection = Connection::open(&server.address).await?;
    let request = format!("GET /_bastide/health HTTP/1.1\r\nhost: {}\r\n\r\n", server.address);
    let answer = connection.call(request.as_bytes()).await?;
    if answer.status == 200 { Ok(()) } else { Err(format!("health: {}", answer.status).into()) }
}

fn resident_mib(pid: u32) -> Result<f64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no VmRSS")?;
    let kib: f64 = line.split_whitespace().nth(1).ok_or("no size")?.parse()?;
    Ok(kib / 1024.0)
}
