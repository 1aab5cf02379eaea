//! What the store promises, one test a promise, each on both backends. PostgreSQL's run where `BASTIDE_TEST_POSTGRES`
//! names a database (a URL whose user may create schemas); elsewhere they say that they are skipped.

#[path = "../harness/mod.rs"]
mod harness;

/// Makes one module for each backend, with every test in it.
macro_rules! suite {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(super::Home::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                if let Some(home) = super::Home::postgres().await {
                    super::$test(home.clone()).await;
                    home.drop_schema().await;
                }
            })*
        }
    };
}

mod indexes;
mod transactions;
