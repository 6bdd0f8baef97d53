//! `dist/KIND/index.html`: the tarballs that are published, for people and for scripts that read the folder listing
//! of a web server. A web server's own listing would also show tarballs that wait for the end of their grace period.
//!
//! It lists exactly the files that the snapshot names, one a branch, in the form of nginx's listing.

use std::fmt::Write as _;

use jiff::Timestamp;
use tardist_contract::Kind;

use super::listed::Listed;

/// The page of a kind, with these tarballs. File names have no character that HTML gives a meaning, and only `+` is
/// encoded in URLs, which is right in a path as it is.
pub(super) fn page(kind: Kind, files: &[&Listed]) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Index of {kind}</title>\n</head>\n\
         <body>\n<h1>Index of {kind}</h1>\n<p>The newest tarball of each branch. \
         <a href=\"SHA256SUMS\">SHA256SUMS</a> has their checksums.</p>\n<pre>\n"
    );
    for Listed { file, committed_at, size, .. } in files {
        let time = Timestamp::from_second(*committed_at).unwrap_or(Timestamp::UNIX_EPOCH);
        let space = " ".repeat(70_usize.saturating_sub(file.len()).max(1));
        let time = time.strftime("%d-%b-%Y %H:%M");
        // Writing into a text cannot fail.
        let _ = writeln!(page, "<a href=\"{file}\">{file}</a>{space}{time} {size:>12}");
    }
    page.push_str("</pre>\n</body>\n</html>\n");
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tarball_is_one_link() {
        let files = ["A-REL1_45-ccccccc-2.tar.gz", "A-a~b-bbbbbbb.tar.gz"];
        let page = page(Kind::Skins, &files.map(Listed::skin).each_ref());
        let links = files.map(|file| format!("<a href=\"{file}\">{file}</a>"));
        assert!(links.iter().all(|link| page.contains(link)), "{page}");
        assert_eq!(page.matches(".tar.gz\">").count(), 2, "{page}");
        assert!(page.contains("01-Jan-1970 00:00            9\n"), "{page}");
    }
}
