//! Tarballs of which too little is known: their bytes tell the rest.
//!
//! Some are known from a snapshot only, because the builder's state was lost or is new. Nothing says by which version
//! of tardist they were made, and an old snapshot does not say which of them lack the packages of Composer. Others
//! were made by a tardist that did not note yet what the branch is called elsewhere.

use std::{fs::File, io, ops::ControlFlow, sync::Arc};

use serde::Deserialize;
use tardist_contract::Kind;

use crate::{
    catalogue::Catalogue,
    content::{AUTOLOADER, Missing, missing_packages},
    data_dir::layout::Layout,
    limits::{content::MAX_COMPOSER_JSON, metadata::MAX_MANIFEST},
    metadata::Sources,
    tarball,
};

/// Takes the recipe from those that have another format than tarballs have now. So they are made again, and no
/// others.
pub(super) fn compare_formats(catalogue: &mut Catalogue, layout: &Layout) {
    for (id, repository) in catalogue.iter_mut() {
        for (branch, record) in &mut repository.branches {
            let path = layout.dist(id.kind).join(record.tarball(&id.name, branch).as_str());
            let is_current = File::open(&path).and_then(|file| tarball::is_current_format(&file));
            if !is_current.unwrap_or(false) {
                record.recipe = String::new();
            }
        }
    }
}

/// Looks which tarballs have no `vendor/` although their extension loads it. Snapshots before version 4 do not say so,
/// and what is taken for complete would keep out the tarballs of newer commits, which have no `vendor/` either.
pub(super) fn look_for_packages(catalogue: &mut Catalogue, layout: &Layout) {
    for (id, repository) in catalogue.iter_mut() {
        for (branch, record) in &mut repository.branches {
            let path = layout.dist(id.kind).join(record.tarball(&id.name, branch).as_str());
            // What cannot be read is found to be damaged elsewhere.
            let missing = File::open(&path).and_then(|file| packages_missing_from(&file));
            if let Ok(Some(missing)) = missing {
                record.problems.push(missing.public.clone());
                record.missing.push(missing);
            }
        }
    }
}

/// How many tarballs are read in one cycle for what their branches are called elsewhere.
const NAMED_AT_ONCE: usize = 200;

/// Notes what branches are called elsewhere of which that is not known: of each repository the newest one, since that
/// is what is published. Returns how many were looked at.
pub(super) fn look_for_names(catalogue: &mut Catalogue, layout: &Layout) -> usize {
    let unknown = catalogue.iter_mut().filter_map(|(id, repository)| {
        let (branch, record) = repository.branches.iter_mut().next()?;
        let url = repository.source_url.trim_end_matches(".git");
        record.about.is_none().then_some((id, branch, record, url))
    });
    let mut count = 0;
    for (id, branch, record, url) in unknown.take(NAMED_AT_ONCE) {
        let path = layout.dist(id.kind).join(record.tarball(&id.name, branch).as_str());
        let sources = File::open(&path).and_then(|file| sources(&file, id.kind));
        // What cannot be read is found to be damaged elsewhere.
        let about = sources.unwrap_or_default().about(branch.is_development().then_some(url));
        record.about = Some(Arc::new(about));
        count += 1;
    }
    count
}

/// The files of a tarball that say what its branch is called elsewhere. Of several manifests, as Wikibase has, none is
/// taken: the next tarball of the branch has the right one.
fn sources(file: &File, kind: Kind) -> io::Result<Sources> {
    let manifest = match kind {
        Kind::Extensions => "extension.json",
        Kind::Skins => "skin.json",
    };
    let mut sources = Sources::default();
    let most = |path: &str| match path {
        "composer.json" => Some(MAX_COMPOSER_JSON),
        path if path == manifest => Some(MAX_MANIFEST),
        _ => None,
    };
    tarball::visit(file, most, |path, bytes| {
        if path == manifest {
            sources.manifest = Some(bytes.to_vec());
            // `composer.json` comes before it.
            return ControlFlow::Break(());
        }
        sources.composer = Some(bytes.to_vec());
        ControlFlow::Continue(())
    })?;
    Ok(sources)
}

/// Reads a tarball until it is clear whether packages are missing from it. Its members are sorted, so of most tarballs
/// only the beginning is read.
fn packages_missing_from(file: &File) -> io::Result<Option<Missing>> {
    let mut missing = None;
    let mut loads = false;
    let is_manifest = |path: &str| {
        let is_named = path.starts_with("extension") || path.starts_with("skin");
        is_named && path.ends_with(".json") && !path.contains('/')
    };
    let most = |path: &str| match path {
        "composer.json" | AUTOLOADER => Some(MAX_COMPOSER_JSON),
        path if is_manifest(path) => Some(MAX_MANIFEST),
        _ => None,
    };
    tarball::visit(file, most, |path, bytes| {
        match path {
            "composer.json" => missing = missing_packages(bytes),
            AUTOLOADER => missing = None,
            _ => loads |= loads_autoloader(bytes),
        }
        // No name that is wanted comes before that of `composer.json`.
        if missing.is_none() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(missing.filter(|_| loads))
}

/// The rest of a manifest is read and not kept: as values in memory it could take a hundred times as much.
#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    load_composer_autoloader: bool,
}

fn loads_autoloader(manifest: &[u8]) -> bool {
    serde_json::from_slice::<Manifest>(manifest).is_ok_and(|it| it.load_composer_autoloader)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::catalogue::{ADOPTED, BranchRecord, RepositoryRecord};
    use flate2::{Compression, write::GzEncoder};

    const LOADS: (&str, &str) = ("extension.json", r#"{"load_composer_autoloader": true}"#);
    const REQUIRES: (&str, &str) = ("composer.json", r#"{"require": {"example/library": "^1"}}"#);
    const PLATFORM: (&str, &str) = ("composer.json", r#"{"require": {"php": ">=8.1"}}"#);
    const VENDOR: (&str, &str) = (AUTOLOADER, "<?php");

    fn pack(path: &Path, files: &[(&str, &str)]) {
        let gzip = GzEncoder::new(File::create(path).unwrap(), Compression::fast());
        let mut tarball = tar::Builder::new(gzip);
        for (name, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            let path = format!("X/{name}");
            tarball.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        tarball.into_inner().unwrap().finish().unwrap();
    }

    /// What is known to be missing from a tarball with these files.
    fn missing(files: Option<&[(&str, &str)]>) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        layout.prepare().unwrap();
        let record = BranchRecord::of_commit('a');
        let repository = RepositoryRecord::of_branches("", [("master", record.clone())]);
        let mut catalogue = Catalogue::from([("extensions/X".parse().unwrap(), repository)]);
        let name = record.tarball(&"X".parse().unwrap(), &"master".parse().unwrap());
        let path = layout.dist(Kind::Extensions).join(name.as_str());
        match files {
            Some(files) => pack(&path, files),
            None => fs::write(path, "no tarball").unwrap(),
        }
        look_for_packages(&mut catalogue, &layout);
        let repository = catalogue.into_values().next().unwrap();
        let record = repository.branches.into_values().next().unwrap();
        let missing: Vec<_> = record.missing.iter().map(|it| it.public.clone()).collect();
        assert_eq!(record.problems, missing);
        missing
    }

    #[test]
    fn a_tarball_without_the_packages_that_its_extension_loads_is_incomplete() {
        let expected = "the packages that composer.json requires are not in the tarball (vendor/)";
        assert_eq!(missing(Some(&[REQUIRES, LOADS])), [expected]);
        let manifests = [REQUIRES, ("extension-x.json", "{}"), ("skin-y.json", LOADS.1)];
        assert_eq!(missing(Some(&manifests)), [expected]);
    }

    #[test]
    fn a_tarball_that_needs_no_packages_or_has_them_is_complete() {
        let whole: [&[_]; 7] = [
            &[REQUIRES, ("extension-x/extension.json", LOADS.1)],
            &[REQUIRES, LOADS, VENDOR],
            &[PLATFORM, LOADS],
            &[REQUIRES, ("extension.json", "{}")],
            &[REQUIRES, ("extension.json", "no JSON")],
            &[LOADS],
            &[("composer.json", "no JSON"), LOADS],
        ];
        for files in whole {
            assert_eq!(missing(Some(files)), [""; 0], "{files:?}");
        }
        assert_eq!(missing(None), [""; 0]);
    }

    #[test]
    fn a_manifest_that_is_too_long_for_a_branch_is_not_read_here_either() {
        let (name, text) = LOADS;
        let room = MAX_MANIFEST as usize - text.len();
        for (spaces, count) in [(room, 1), (room + 1, 0)] {
            let padded = format!("{text}{}", " ".repeat(spaces));
            assert_eq!(missing(Some(&[REQUIRES, (name, padded.as_str())])).len(), count);
        }
    }

    /// A tarball with a folder and a file whose header has this type byte.
    fn tarball(file_type: u8) -> Vec<u8> {
        let mut tarball = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, entry_type) in [("X/", b'5'), ("X/a", file_type)] {
            let mut header = tar::Header::new_gnu();
            header.set_path(name).unwrap();
            header.set_size(0);
            header.as_mut_bytes()[156] = entry_type;
            header.set_cksum();
            tarball.append(&header, io::empty()).unwrap();
        }
        tarball.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn only_tarballs_of_another_format_lose_their_recipe() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        layout.prepare().unwrap();
        let mut catalogue = Catalogue::new();
        let cases = [("Now", Some(b'0')), ("Old", Some(0)), ("Cut", None), ("Gone", None)];
        for (name, file_type) in cases {
            let id: crate::RepositoryId = format!("skins/{name}").parse().unwrap();
            let branch = "master".parse().unwrap();
            let record =
                BranchRecord { recipe: ADOPTED.to_owned(), ..BranchRecord::of_commit('a') };
            let path = layout.dist(id.kind).join(record.tarball(&id.name, &branch).as_str());
            match file_type {
                Some(file_type) => fs::write(path, tarball(file_type)).unwrap(),
                None if name == "Cut" => fs::write(path, &tarball(b'0')[..20]).unwrap(),
                None => {}
            }
            catalogue.insert(id, RepositoryRecord::of_branches("", [("master", record)]));
        }
        compare_formats(&mut catalogue, &layout);
        let stay: Vec<String> = catalogue
            .iter()
            .filter(|(_, repository)| repository.branches.values().all(|it| it.recipe == ADOPTED))
            .map(|(id, _)| id.to_string())
            .collect();
        assert_eq!(stay, ["skins/Now"]);
    }

    #[test]
    fn the_names_of_the_newest_branch_are_read_from_its_tarball_once() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        layout.prepare().unwrap();
        let record = BranchRecord::of_commit('a');
        let branches = ["master", "REL1_45"].map(|it| (it, record.clone()));
        let repository = RepositoryRecord::of_branches("https://g/X.git", branches);
        let mut catalogue = Catalogue::from([("extensions/X".parse().unwrap(), repository)]);
        let file = record.tarball(&"X".parse().unwrap(), &"master".parse().unwrap());
        let manifest = ("extension.json", r#"{"name": "Ex"}"#);
        let composer = ("composer.json", r#"{"name": "a/ex"}"#);
        pack(&layout.dist(Kind::Extensions).join(file.as_str()), &[composer, manifest]);
        assert_eq!(look_for_names(&mut catalogue, &layout), 1);
        let abouts: Vec<_> = catalogue.values().next().unwrap().branches.values().collect();
        let about = abouts[0].about.as_ref().unwrap();
        assert_eq!(about.manifest_name.as_deref(), Some("Ex"));
        assert_eq!(about.composer.as_deref(), Some("a/ex"));
        let extract = r#"{"name":"Ex","repository":"https://g/X","composer":"a/ex"}"#;
        assert_eq!(about.extract.as_deref(), Some(extract));
        assert_eq!(abouts[1].about, None);
        assert_eq!(look_for_names(&mut catalogue, &layout), 0);
    }
}
