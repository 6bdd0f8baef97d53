//! Tarballs that are known from a snapshot only, because the builder's state was lost or is new. Nothing says by
//! which version of tardist they were made, but their bytes do.

use std::fs::File;

use crate::{catalogue::Catalogue, data_dir::layout::Layout, tarball};

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

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use flate2::{Compression, write::GzEncoder};

    use super::*;
    use crate::catalogue::{ADOPTED, BranchRecord, RepositoryRecord};

    /// A tarball with a folder and a file whose header has this type byte.
    fn tarball(file_type: u8) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        for entry_type in [b'5', file_type] {
            let mut header = [0; 512];
            header[156] = entry_type;
            gzip.write_all(&header).unwrap();
        }
        gzip.finish().unwrap()
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
            let repository = RepositoryRecord {
                upstream: String::new(),
                source_url: String::new(),
                branches: [(branch, record)].into(),
            };
            catalogue.insert(id, repository);
        }
        compare_formats(&mut catalogue, &layout);
        let stay: Vec<String> = catalogue
            .iter()
            .filter(|(_, repository)| repository.branches.values().all(|it| it.recipe == ADOPTED))
            .map(|(id, _)| id.to_string())
            .collect();
        assert_eq!(stay, ["skins/Now"]);
    }
}
