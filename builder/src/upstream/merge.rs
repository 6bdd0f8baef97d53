//! The list of several upstreams: they are listed at the same time, and where several have a repository,
//! the first one wins. One that cannot be listed does not stop the others.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    branches::{Asked, Branches},
    core::{self, Core},
    listing::{Absence, LeftOut, Listing, Project, Upstream},
    releases::{self, Found, Selection},
    remembered::Pages,
    tips::{self, Spoken},
};
use crate::{Error, RepositoryId, limits::upstream::MAX_REPOSITORIES, net::Http, pool};

/// How many repositories a message names.
const MAX_NAMED: usize = 10;

/// If more than this share of the repositories fails (its divisor), the others do not tell which release branches there
/// are.
const MAX_FAILED_SHARE: usize = 5;

/// Says whether the list of the upstream with this URL lacks something that is published.
pub type Lacks<'a> = dyn Fn(&str, &Listing) -> bool + Sync + 'a;

/// What a cycle wants from its upstreams.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// The branches to distribute.
    pub branches: &'a Branches,
    /// The branches that the last cycle found. They count where it cannot be found out which there are.
    pub before: &'a Found,
    /// The only repositories whose tips are asked for; empty for all.
    pub only: &'a BTreeSet<RepositoryId>,
    /// True if they are chosen for this cycle alone.
    pub is_chosen: bool,
    /// What is remembered of the lists.
    pub remembered: &'a Pages,
    /// Which lists are asked for twice, because something published is not there.
    pub lacks: &'a Lacks<'a>,
    /// How many repositories are asked at once.
    pub jobs: usize,
}

impl Wanted<'_> {
    fn has(&self, project: &Project) -> bool {
        self.only.is_empty() || self.only.contains(&project.id)
    }
}

/// Lists all upstreams, and asks Git for the tips that their lists do not have. Where several
/// upstreams have a repository, that of the first one counts; the log says so.
///
/// A list of several pages can miss an entry: if another one is deleted while the pages are read, all after it move up,
/// and one from the next page to the page that was read before. So where something published is not listed, the list is
/// asked for again, and what either list has is there.
///
/// An upstream that cannot be listed is [`Listing::unavailable`]. It may have
/// any repository, also those that a later upstream lists: whoever gets the listing decides about these.
///
/// The branches are those of [`Listing::selection`], or those that an upstream itself names.
///
/// # Errors
/// The error of the first upstream, if none can be listed.
pub fn list(
    upstreams: &[Box<dyn Upstream>],
    http: &Http,
    wanted: &Wanted<'_>,
) -> Result<Listing, Error> {
    let mut merged = Listing::default();
    let spoken = Spoken::default();
    let known = known(upstreams, http, &spoken, wanted, &mut merged.warnings);
    let (asked, warning) = releases::asked(wanted.branches, known.as_ref(), wanted.before);
    merged.warnings.extend(warning);
    let mut taken = BTreeSet::new();
    let mut named = BTreeSet::new();
    let lists = lists(upstreams, http, &asked, wanted);
    let is_any_listed = lists.iter().any(Result::is_ok);
    for (upstream, list) in upstreams.iter().zip(lists) {
        let mut listing = match list {
            Ok(listing) => listing,
            Err(error) if is_any_listed => {
                merged.unavailable.push((upstream.url().to_owned(), error));
                continue;
            }
            Err(error) => return Err(error),
        };
        let dropped = drop_taken(&mut listing, &mut taken);
        if !dropped.is_empty() {
            tracing::warn!("{}", earlier_wins(&dropped, upstream.url()));
        }
        let names_branches = listing.branches.is_some();
        let mut listing = with_tips(listing, (http, &spoken), &asked, wanted);
        // As if it were not in this list: a later upstream may have it.
        taken.retain(|id| !listing.left_out.contains_key(id));
        for project in &mut listing.projects {
            project.upstream = upstream.url().to_owned();
            if names_branches {
                named.insert(project.id.clone());
            }
        }
        merged.projects.extend(listing.projects);
        merged.failed.extend(listing.failed);
        merged.refused.extend(listing.refused);
        merged.left_out.extend(listing.left_out);
    }
    let listed: BTreeSet<RepositoryId> = merged.ids().cloned().collect();
    merged.left_out.retain(|id, _| !listed.contains(id));
    merged.warnings.extend(left_out(&merged.left_out));
    merged.found = known.unwrap_or_else(|| found(&merged, wanted));
    merged.selection = Selection::new(wanted.branches, &merged.found);
    let Listing { projects, selection, .. } = &mut merged;
    for project in projects.iter_mut().filter(|project| !named.contains(&project.id)) {
        project.tips.retain(|branch, _| selection.has(branch));
    }
    Ok(merged)
}

/// What an operator should know of repositories that are left out: a line for each reason.
fn left_out(left_out: &BTreeMap<RepositoryId, LeftOut>) -> Vec<String> {
    let mut by_reason: BTreeMap<Absence, Vec<String>> = BTreeMap::new();
    for (id, LeftOut { why, .. }) in left_out {
        by_reason.entry(*why).or_default().push(id.to_string());
    }
    let line = |(why, names): (Absence, Vec<String>)| {
        let (shown, more) = names.split_at(names.len().min(MAX_NAMED));
        let more =
            if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
        format!("{}, and so not distributed: {}{more}", why.name(), shown.join(", "))
    };
    by_reason.into_iter().map(line).collect()
}

/// The branches that MediaWiki itself has, if an upstream has it. If that cannot be asked for the moment, those of the
/// last cycle, with a warning. `None` if nothing is known.
fn known(
    upstreams: &[Box<dyn Upstream>],
    http: &Http,
    spoken: &Spoken,
    wanted: &Wanted<'_>,
    warnings: &mut Vec<String>,
) -> Option<Found> {
    match core::ask(upstreams, http, spoken, wanted.branches) {
        Core::Has(found) => Some(found),
        Core::None => None,
        Core::Down(error) => {
            let is_known = !wanted.before.is_empty();
            let instead = match is_known {
                true => "those that the last cycle found count",
                false => "those count that many repositories have",
            };
            warnings.push(format!(
                "MediaWiki's own branches, which say what the release branches are, cannot be listed: \
                 {error}; {instead}"
            ));
            is_known.then(|| wanted.before.clone())
        }
    }
}

/// The release branches that many of the wanted repositories have; those of the last cycle if too few have answered to
/// tell.
fn found(listing: &Listing, wanted: &Wanted<'_>) -> Found {
    let projects: Vec<&Project> = listing.projects.iter().filter(|it| wanted.has(it)).collect();
    let total = projects.len() + listing.failed.len();
    let is_whole = !wanted.is_chosen
        && listing.unavailable.is_empty()
        && listing.failed.len() * MAX_FAILED_SHARE <= total;
    if !is_whole && !wanted.before.is_empty() {
        return wanted.before.clone();
    }
    let branches = projects.iter().map(|project| project.tips.keys());
    releases::by_share(branches, wanted.before)
}

/// The list of each upstream, in their order. They are asked at the same time, so that a slow one does not delay
/// the others.
fn lists(
    upstreams: &[Box<dyn Upstream>],
    http: &Http,
    asked: &Asked,
    wanted: &Wanted<'_>,
) -> Vec<Result<Listing, Error>> {
    let mut lists = BTreeMap::new();
    let indexes = (0..upstreams.len()).collect();
    let work = |index: &usize| {
        let upstream = &*upstreams[*index];
        let list = || check(upstream.list(http, asked, wanted.remembered)?, upstream.url());
        let first = list()?;
        if !(wanted.lacks)(upstream.url(), &first) {
            return Ok(first);
        }
        match list() {
            Ok(second) => Ok(second.or(first)),
            Err(error) => {
                tracing::warn!("only the first of two lists of {} counts: {error}", upstream.url());
                Ok(first)
            }
        }
    };
    pool::run(wanted.jobs, indexes, work, |index, list| drop(lists.insert(index, list)));
    lists.into_values().collect()
}

/// Checks that a list has not more than a list may have.
fn check(listing: Listing, url: &str) -> Result<Listing, Error> {
    if listing.ids().count() + listing.refused.len() > MAX_REPOSITORIES {
        return Err(Error::TooLarge {
            what: format!("the list of {url}"),
            limit: MAX_REPOSITORIES as u64,
            unit: "repositories",
        });
    }
    Ok(listing)
}

/// Asks Git for the tips of the repositories without tips, as far as they are wanted. All of them
/// end among the projects, among what is left out because Git says that it is gone or not public, or among what
/// failed.
fn with_tips(
    mut listing: Listing,
    (http, spoken): (&Http, &Spoken),
    asked: &Asked,
    wanted: &Wanted<'_>,
) -> Listing {
    let (chosen, others) = listing.without_tips.drain(..).partition(|project| wanted.has(project));
    let named = listing.branches.take().map(Asked::names);
    let asked = named.as_ref().unwrap_or(asked);
    let (complete, failed) = tips::ask(http, spoken, chosen, asked, wanted.jobs);
    listing.projects.extend(complete);
    listing.projects.extend::<Vec<_>>(others);
    for (id, error) in failed {
        match Absence::told_by(&error) {
            Some(_) if is_of_credentials(http, &error) => {
                listing.failed.push((id, Error::Refused(Box::new(error))));
            }
            Some(why) => {
                listing.left_out.insert(id, LeftOut { why, told: error.to_string() });
            }
            None => listing.failed.push((id, error)),
        }
    }
    listing
}

/// True if it may be the credentials that a server does not like, and not the repository that is away: some servers
/// answer 404 to whom they do not know.
fn is_of_credentials(http: &Http, error: &Error) -> bool {
    let Error::Fetch { url, source } = error else { return false };
    source.status() != Some(410) && http.has_credentials(url)
}

/// Drops repositories that an earlier upstream lists, and duplicates. `taken` are those of the
/// earlier upstreams; those of this one are added. Returns the ids that an earlier upstream had.
fn drop_taken(listing: &mut Listing, taken: &mut BTreeSet<RepositoryId>) -> Vec<RepositoryId> {
    let earlier = taken.clone();
    let mut dropped = Vec::new();
    let mut is_first = |id: &RepositoryId| {
        if earlier.contains(id) {
            dropped.push(id.clone());
        }
        taken.insert(id.clone())
    };
    listing.projects.retain(|project| is_first(&project.id));
    listing.without_tips.retain(|project| is_first(&project.id));
    listing.failed.retain(|(id, _)| is_first(id));
    dropped
}

/// The message that an earlier upstream wins for these repositories of the upstream `url`.
fn earlier_wins(dropped: &[RepositoryId], url: &str) -> String {
    let count = dropped.len();
    let names: Vec<String> = dropped.iter().take(MAX_NAMED).map(ToString::to_string).collect();
    let names = names.join(", ");
    let more = if count > MAX_NAMED { ", …" } else { "" };
    format!(
        "{count} repositories of {url} are taken from an upstream that is configured before it: \
         {names}{more}"
    )
}

#[cfg(test)]
mod tests {
    use tardist_contract::{BranchName, Kind};

    use super::*;

    #[test]
    fn the_first_upstream_wins() {
        let mut taken = BTreeSet::new();
        let listing = |names: &[&str], host: &str| {
            let mut listing = Listing::default();
            for name in names {
                listing.add(Kind::Skins, name, &format!("{host}/{name}"), host);
            }
            listing
        };
        let mut one = listing(&["A", "B", "A"], "https://one.example");
        let mut two = listing(&["B", "C"], "https://two.example");
        assert!(drop_taken(&mut one, &mut taken).is_empty());
        let dropped = drop_taken(&mut two, &mut taken);
        assert_eq!(one.without_tips.len(), 2);
        let left: Vec<&str> = two.without_tips.iter().map(|it| it.url.as_str()).collect();
        assert_eq!(left, ["https://two.example/C"]);
        let says = "1 repositories of two are taken from an upstream that is configured before it: skins/B";
        assert_eq!(earlier_wins(&dropped, "two"), says);
    }

    #[test]
    fn the_repositories_of_the_setting_only_say_which_release_branches_there_are() {
        let project = |id: &str, branch: &str| Project {
            tips: [(branch.parse().unwrap(), "a".repeat(40).parse().unwrap())].into(),
            ..Project::new(id.parse().unwrap(), "https://g/x")
        };
        let others = ["skins/B", "skins/C", "skins/D", "skins/E", "skins/F", "skins/G"];
        let mut projects: Vec<_> = others.iter().map(|id| project(id, "REL1_44")).collect();
        projects.push(project("skins/A", "REL1_46"));
        let listing = Listing { projects, ..Listing::default() };
        let only = BTreeSet::from(["skins/A".parse().unwrap()]);
        let earlier: BranchName = "REL1_45".parse().unwrap();
        let before = releases::by_share([[&earlier].into_iter()].into_iter(), &Found::default());
        let names = |is_chosen| {
            let branches = &Branches::default();
            let remembered = &Pages::default();
            let (before, only, lacks) = (&before, &only, &|_: &str, _: &Listing| false);
            let wanted = Wanted { branches, before, only, is_chosen, remembered, lacks, jobs: 1 };
            format!("{:?}", found(&listing, &wanted))
        };
        assert!(names(false).contains("REL1_46") && !names(false).contains("REL1_44"));
        assert!(names(true).contains("REL1_45"), "{}", names(true));
    }
}
