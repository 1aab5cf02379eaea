//! Takes API models from the pinned botocore into `models/`, trimmed to the facts that the generator uses.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use super::model::Model;
use super::plan::reach;
use super::services::{Service, Services};
use super::{Error, root};

/// The botocore whose models these are. Another version is another set of facts: review the difference.
const BOTOCORE_VERSION: &str = "1.44.5";

/// Refreshes `models/` from a botocore's `data` folder, or from the Python package that pip finds.
pub(super) fn import(data: Option<&Path>) -> Result<(), Error> {
    let Some(data) = data else {
        let folder = tempfile::tempdir().map_err(Error::file(Path::new("temporary folder")))?;
        download(folder.path())?;
        return import(Some(&folder.path().join("botocore/data")));
    };
    let init = data.join("../__init__.py");
    let text = std::fs::read_to_string(&init).map_err(Error::file(&init))?;
    if !text.contains(&format!("__version__ = '{BOTOCORE_VERSION}'")) {
        return Err(Error::Unknown {
            what: "botocore (its data is pinned)",
            value: format!("{} is not version {BOTOCORE_VERSION}", data.display()),
        });
    }
    let models = root().join("models");
    for service in Services::read(&models)?.service {
        let path = models.join(format!("{}.json", service.name));
        let failed = |source| Error::Model { path: path.clone(), source };
        let model = read(data, &service)?;
        let text = serde_json::to_string_pretty(&model).map_err(failed)? + "\n";
        std::fs::write(&path, text).map_err(Error::file(&path))?;
    }
    Ok(())
}

/// A service's model, trimmed.
pub(super) fn read(data: &Path, service: &Service) -> Result<Model, Error> {
    let path = data.join(&service.model).join("service-2.json.gz");
    let failed = |reason: String| Error::Program { program: "gzip", reason };
    let mut gzip = Command::new("gzip");
    let out = gzip.arg("-dc").arg(&path).output().map_err(|e| failed(e.to_string()))?;
    if !out.status.success() {
        return Err(failed(String::from_utf8_lossy(&out.stderr).into_owned()));
    }
    let mut model: Model = serde_json::from_slice(&out.stdout)
        .map_err(|source| Error::Model { path: path.clone(), source })?;
    let mut seen = BTreeSet::new();
    for operation in model.operations.values() {
        let used = [&operation.input, &operation.output].into_iter().flatten();
        for used in used.chain(&operation.errors) {
            reach(&model, &used.shape, &mut seen)?;
        }
    }
    let seen: BTreeSet<String> = seen.into_iter().map(str::to_owned).collect();
    model.shapes.retain(|name, _| seen.contains(name));
    Ok(model)
}

fn download(folder: &Path) -> Result<(), Error> {
    let package = format!("botocore=={BOTOCORE_VERSION}");
    python(folder, &["-m", "pip", "download", "--quiet", "--no-deps", "--dest", ".", &package])?;
    let wheel = format!("botocore-{BOTOCORE_VERSION}-py3-none-any.whl");
    python(folder, &["-m", "zipfile", "-e", &wheel, "."])
}

fn python(folder: &Path, args: &[&str]) -> Result<(), Error> {
    let failed = |reason: String| Error::Program { program: "python3", reason };
    let out = Command::new("python3").current_dir(folder).args(args).output();
    let out = out.map_err(|e| failed(e.to_string()))?;
    let said = || String::from_utf8_lossy(&out.stderr).into_owned();
    if out.status.success() { Ok(()) } else { Err(failed(said())) }
}
