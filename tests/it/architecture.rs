//! Who may import whom: the table in ARCHITECTURE.md, held against the `use crate::` lines.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What the table in ARCHITECTURE.md allows: per module the ones it may import. What is not listed there may import
/// nothing of the crate.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    let text = std::fs::read_to_string(path).unwrap();
    let table = text.split("| module | imports |").nth(1).unwrap();
    let rows = table.lines().skip(2).map_while(|row| row.strip_prefix("| `")?.strip_suffix(" |"));
    rows.map(|row| {
        let (module, names) = row.split_once("` | ").unwrap();
        (module.to_owned(), names.split(", ").map(str::to_owned).collect())
    })
    .collect()
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// What each module of the crate names by `crate::…`.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        let below = file.strip_prefix(&src).unwrap();
        let module = below.iter().next().unwrap().to_string_lossy().trim_end_matches(".rs").to_owned();
        if module == "lib" || module == "main" {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for named in code.flat_map(|line| line.split("crate::").skip(1)) {
            let list = named.strip_prefix('{').and_then(|list| list.split('}').next());
            let names: Vec<&str> = list.map_or_else(|| vec![named], |list| list.split(", ").collect());
            for name in names {
                let name: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                // `crate::Proxy` and `crate::Error` are re-exports.
                let name = match name.as_str() {
                    "Proxy" => "proxy".to_owned(),
                    "Error" => "error".to_owned(),
                    _ => name,
                };
                if name != module && !name.is_empty() {
                    imports.entry(module.clone()).or_default().insert(name);
                }
            }
        }
    }
    imports
}

#[test]
fn modules_import_only_what_the_table_allows_and_the_table_allows_only_what_is_imported() {
    assert_eq!(imports(), allowed());
}

#[test]
fn no_module_imports_itself_by_way_of_others() {
    let imports = imports();
    for module in imports.keys() {
        let mut reached = BTreeSet::new();
        let mut open = vec![module.clone()];
        while let Some(next) = open.pop() {
            for name in imports.get(&next).into_iter().flatten() {
                assert_ne!(name, module, "{module} imports {next}, which imports {module}");
                if reached.insert(name.clone()) {
                    open.push(name.clone());
                }
            }
        }
    }
}
