//! Each rule, and that an applied plan leaves nothing to do.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::{
    config::{Entry, Located, Position},
    domain::{Classify as _, DeclaredId},
    ops::provision::{apply, desired::DesiredTitle, titles},
};

const OLD: &str = "0f2ac74b498b48028cb68387c421e279";
const OTHER: &str = "7d0c3b9e4a514c5ab9c1f0a4d2e35b61";

fn located(text: Option<&str>) -> Option<Located<String>> {
    let position = Position { line: 7, column: 6 };
    text.map(|text| Located {
        value: text.to_owned(),
        position,
    })
}

fn desired_binding(id: Option<&str>, preview_id: Option<&str>) -> DesiredBinding {
    let binding: Binding = "CACHE".parse().unwrap();
    let titles = titles::conventional(Some("bio"), &Section::TOP, &binding).unwrap();
    DesiredBinding {
        section: Section::TOP,
        title: DesiredTitle::Conventional(titles),
        jurisdiction: None,
        of_worker: Vec::new(),
        entry: Some(Entry {
            binding: binding.clone(),
            id: located(id),
            preview_id: located(preview_id),
            remote: false,
            ignored: Vec::new(),
            position: Position { line: 6, column: 1 },
        }),
        binding,
    }
}

fn namespace(id: &str, title: &str) -> NamespaceInfo {
    NamespaceInfo {
        id: id.parse().unwrap(),
        title: title.to_owned(),
        supports_url_encoding: None,
        jurisdiction: None,
    }
}

#[derive(Clone, Copy)]
struct Case<'a> {
    desired: &'a [DesiredBinding],
    existing: &'a [NamespaceInfo],
    preview: Preview,
    replace: &'a [NamespaceId],
    missing: bool,
    local: bool,
}

impl Default for Case<'_> {
    fn default() -> Self {
        Self {
            desired: &[],
            existing: &[],
            preview: Preview::Untouched,
            replace: &[],
            missing: false,
            local: false,
        }
    }
}

fn decide(case: &Case<'_>) -> Result<Plan, Error> {
    let mut bound = BTreeMap::new();
    for desired in case.desired {
        for field in [Field::Id, Field::PreviewId] {
            if let DeclaredId::Valid(id) = desired.declared(field) {
                let (section, binding) = (desired.section.clone(), desired.binding.clone());
                bound.entry(id).or_insert(Slot {
                    section,
                    binding,
                    field,
                });
            }
        }
    }
    plan(PlanInput {
        desired: case.desired,
        existing: case.existing,
        bound: &bound,
        preview: case.preview,
        replace: Replaceable {
            ids: case.replace,
            missing: case.missing,
        },
        deployed: &DeployedBindings::default(),
        not_deployed: false,
        pages: Pages::No,
        local: case.local,
    })
}

fn actions(plan: &Plan) -> Vec<&Action> {
    plan.steps.iter().map(|step| &step.action).collect()
}

#[test]
fn a_live_id_is_kept_whatever_its_title() {
    let existing = [namespace(OLD, "hand-made"), namespace(OTHER, "bio-CACHE")];
    let desired = [desired_binding(Some(OLD), None)];
    let plan = decide(&Case {
        desired: &desired,
        existing: &existing,
        ..Case::default()
    })
    .unwrap();
    assert!(matches!(actions(&plan)[..], [Action::Keep { .. }]));
    assert!(!plan.is_pending());
}

#[test]
fn a_stranger_is_refused_and_replaced_only_by_name() {
    let desired = [desired_binding(Some(OLD), None)];
    let refused = decide(&Case {
        desired: &desired,
        ..Case::default()
    })
    .unwrap_err();
    assert!(
        matches!(&refused, Error::Refused(all) if matches!(all[..], [Refusal::Unknown { .. }]))
    );
    let other = [OTHER.parse().unwrap()];
    let wrong = Case {
        desired: &desired,
        replace: &other,
        ..Case::default()
    };
    assert!(matches!(decide(&wrong), Err(Error::Refused(_))));
    let named = [OLD.parse().unwrap()];
    let right = Case {
        desired: &desired,
        replace: &named,
        ..Case::default()
    };
    let plan = decide(&right).unwrap();
    assert!(matches!(actions(&plan)[..], [Action::Create { .. }]));
    assert_eq!(plan.replaces().collect::<Vec<_>>(), [&named[0]]);
}

#[test]
fn to_the_local_store_no_id_is_a_stranger() {
    let desired = [desired_binding(Some(OLD), None)];
    let plan = decide(&Case {
        desired: &desired,
        local: true,
        ..Case::default()
    })
    .unwrap();
    assert!(!plan.is_pending());
    assert_eq!(plan.remarks, []);
}

#[test]
fn a_preview_that_is_production_is_separated_only_by_name() {
    let existing = [namespace(OLD, "bio-CACHE")];
    let desired = [desired_binding(Some(OLD), Some(OLD))];
    let case = Case {
        desired: &desired,
        existing: &existing,
        preview: Preview::Separate,
        ..Case::default()
    };
    let kept = decide(&case).unwrap();
    assert!(!kept.is_pending());
    assert!(matches!(kept.remarks[..], [Remark::NotSeparated { .. }]));
    assert!(kept.is_unmet());
    let named = [OLD.parse().unwrap()];
    let plan = decide(&Case {
        replace: &named,
        ..case
    })
    .unwrap();
    assert!(matches!(
        actions(&plan)[..],
        [Action::Keep { .. }, Action::Create { .. }]
    ));
    assert_eq!(plan.steps[1].slot.field, Field::PreviewId);
}

#[test]
fn a_preview_of_its_own_is_never_shared() {
    let existing = [namespace(OLD, "bio-CACHE"), namespace(OTHER, "anything")];
    let desired = [desired_binding(Some(OLD), Some(OTHER))];
    for preview in [Preview::Same, Preview::Separate, Preview::Untouched] {
        let case = Case {
            desired: &desired,
            existing: &existing,
            preview,
            ..Case::default()
        };
        assert!(!decide(&case).unwrap().is_pending());
    }
}

fn refused(case: &Case<'_>) -> Vec<Refusal> {
    match decide(case) {
        Err(Error::Refused(refusals)) => refusals,
        other => panic!("{other:?}"),
    }
}

fn in_previews(id: &str) -> DesiredBinding {
    let section = Section::TOP.previews();
    let desired = desired_binding(Some(id), None);
    let titles = titles::conventional(Some("bio"), &section, &desired.binding).unwrap();
    DesiredBinding {
        section,
        title: DesiredTitle::Conventional(titles),
        ..desired
    }
}

#[test]
fn previews_that_use_production_are_told_and_separated_by_name() {
    let existing = [namespace(OLD, "bio-CACHE")];
    let desired = [desired_binding(Some(OLD), Some(OTHER)), in_previews(OLD)];
    let existing = [existing[0].clone(), namespace(OTHER, "x")];
    let case = Case {
        desired: &desired,
        existing: &existing,
        ..Case::default()
    };
    let kept = decide(&case).unwrap();
    assert!(!kept.is_pending());
    assert!(
        matches!(kept.remarks[..], [Remark::PreviewsUseProduction { .. }]),
        "{:?}",
        kept.remarks
    );
    let named = [OLD.parse().unwrap()];
    let plan = decide(&Case {
        replace: &named,
        ..case
    })
    .unwrap();
    let pending: Vec<_> = plan.pending().collect();
    assert!(
        matches!(&pending[..], [Step { action: Action::Create { title, .. }, .. }]
            if title.as_str() == "bio@previews-CACHE"),
        "{pending:?}"
    );
}

#[test]
fn every_missing_id_is_replaced_at_once_in_previews_too() {
    let desired = [desired_binding(Some(OLD), None), in_previews(OLD)];
    let case = Case {
        desired: &desired,
        ..Case::default()
    };
    assert!(matches!(
        refused(&case)[..],
        [Refusal::Unknown { .. }, Refusal::Unknown { .. }]
    ));
    let hint = decide(&case).unwrap_err().hint().unwrap().to_string();
    assert!(hint.contains("`--replace-missing`"), "{hint}");
    let plan = decide(&Case {
        missing: true,
        ..case
    })
    .unwrap();
    let created: Vec<_> = plan.creates().keys().map(ToString::to_string).collect();
    assert_eq!(created, ["bio-CACHE", "bio@previews-CACHE"]);
}

#[test]
fn a_namespace_outside_the_jurisdiction_is_not_adopted_by_its_title() {
    let desired = [DesiredBinding {
        jurisdiction: Some(Jurisdiction::Eu),
        ..desired_binding(None, None)
    }];
    let placed = |id: &str, title: &str, jurisdiction: &str| NamespaceInfo {
        jurisdiction: Some(jurisdiction.to_owned()),
        ..namespace(id, title)
    };
    let decide_among = |existing: &[NamespaceInfo]| {
        decide(&Case {
            desired: &desired,
            existing,
            ..Case::default()
        })
    };
    let other = placed(OTHER, "other", "us");
    for (existing, has) in [
        (vec![namespace(OLD, "bio-CACHE"), other.clone()], None),
        (vec![placed(OLD, "bio-CACHE", "us")], Some("us".to_owned())),
    ] {
        let refused = decide_among(&existing).unwrap_err();
        assert!(
            matches!(&refused, Error::Refused(all)
                if matches!(&all[..], [Refusal::Jurisdiction { has: it, .. }] if *it == has)),
            "{refused}"
        );
    }
    // Where no entry has the field, the list does not tell.
    let untold = decide_among(&[namespace(OLD, "bio-CACHE")]).unwrap();
    let told = |remark: &Remark| matches!(remark, Remark::UnknownJurisdiction { .. });
    assert!(untold.remarks.iter().any(told), "{:?}", untold.remarks);
    let right = decide_among(&[placed(OLD, "bio-CACHE", "eu"), other]).unwrap();
    let outcome = apply::planned(&right).remove(0);
    assert_eq!(outcome.jurisdiction.as_deref(), Some("eu"));
    let new = apply::planned(&decide_among(&[]).unwrap()).remove(0);
    assert_eq!(new.jurisdiction.as_deref(), Some("eu"));
    // What is bound already stays, with a note.
    let bound = [DesiredBinding {
        jurisdiction: Some(Jurisdiction::Eu),
        ..desired_binding(Some(OLD), Some(OTHER))
    }];
    let existing = [namespace(OLD, "bio-CACHE"), placed(OTHER, "other", "us")];
    let kept = decide(&Case {
        desired: &bound,
        existing: &existing,
        ..Case::default()
    });
    let kept = kept.unwrap();
    assert!(
        matches!(
            kept.remarks[..],
            [Remark::OtherJurisdiction { has: None, .. }]
        ),
        "{:?}",
        kept.remarks
    );
}

#[test]
fn an_id_gives_way_to_the_title_of_kvctl_toml_where_it_may_be_replaced() {
    let wanted: Title = "bio-staging-cache".parse().unwrap();
    let desired = [DesiredBinding {
        title: DesiredTitle::Declared(wanted.clone()),
        ..desired_binding(Some(OLD), None)
    }];
    let existing = [namespace(OLD, "cache")];
    let decide_with = |replace: &[NamespaceId]| {
        let case = Case {
            desired: &desired,
            existing: &existing,
            replace,
            ..Case::default()
        };
        decide(&case).unwrap()
    };
    let kept = decide_with(&[]);
    assert!(matches!(actions(&kept)[..], [Action::Keep { .. }]));
    let replaced = decide_with(&[OLD.parse().unwrap()]);
    assert!(
        matches!(actions(&replaced)[..], [Action::Create { title, .. }] if *title == wanted),
        "{replaced:?}"
    );
    assert_eq!(replaced.replaces().count(), 1);
}

#[test]
fn nothing_is_created_beside_a_namespace_that_may_be_meant() {
    let desired = [desired_binding(None, None)];
    for near in ["bio-cache", "CACHE", "cache", "BIO-CACHE"] {
        let existing = [namespace(OLD, near), namespace(OTHER, "other")];
        let case = Case {
            desired: &desired,
            existing: &existing,
            ..Case::default()
        };
        let [Refusal::Near(NearTitles { found, wanted, .. })] = &refused(&case)[..] else {
            panic!("{near}");
        };
        assert_eq!((found.len(), wanted.as_str()), (1, "bio-CACHE"));
        let hint = decide(&case).unwrap_err().hint().unwrap().to_string();
        let expected = format!(
            "run `kvctl provision CACHE={near}` to adopt what is there, or `kvctl provision \
             CACHE=bio-CACHE` to create what is not"
        );
        assert_eq!(hint, expected);
        // The title itself leaves no doubt, and neither does one that is given.
        let existing = [namespace(OLD, near), namespace(OTHER, "bio-CACHE")];
        let plan = decide(&Case {
            existing: &existing,
            ..case
        });
        assert!(matches!(
            actions(&plan.unwrap())[..],
            [Action::Adopt { id, .. }] if id.as_str() == OTHER
        ));
        let given = [DesiredBinding {
            title: DesiredTitle::Given("bio-CACHE".parse().unwrap()),
            ..desired[0].clone()
        }];
        let plan = decide(&Case {
            desired: &given,
            ..case
        });
        assert!(matches!(
            actions(&plan.unwrap())[..],
            [Action::Create { .. }]
        ));
    }
    // What another binding has is not meant.
    let other = DesiredBinding {
        binding: "OTHER".parse().unwrap(),
        ..desired_binding(Some(OLD), None)
    };
    let both = [desired[0].clone(), other];
    let existing = [namespace(OLD, "CACHE")];
    let plan = decide(&Case {
        desired: &both,
        existing: &existing,
        ..Case::default()
    });
    let plan = plan.unwrap();
    assert!(
        matches!(
            actions(&plan)[..],
            [Action::Create { .. }, Action::Keep { .. }]
        ),
        "{plan:?}"
    );
}

#[test]
fn a_list_that_cannot_be_right_decides_nothing() {
    let desired = [desired_binding(None, None)];
    let twice = [namespace(OLD, "bio-CACHE"), namespace(OTHER, "bio-CACHE")];
    let refused_among = |existing: &[NamespaceInfo]| {
        let refusals = refused(&Case {
            desired: &desired,
            existing,
            ..Case::default()
        });
        refusals[0].to_string()
    };
    let said = refused_among(&twice);
    assert!(said.contains(OLD) && said.contains(OTHER), "{said}");
    let odd = [NamespaceInfo {
        id: NamespaceId::verbatim("xx/../y").unwrap(),
        ..namespace(OLD, "bio-CACHE")
    }];
    let said = refused_among(&odd);
    assert!(said.contains("`xx/../y`"), "{said}");
}

#[test]
fn a_placeholder_for_a_preview_is_filled_without_being_asked_for() {
    let existing = [namespace(OLD, "bio-CACHE")];
    let planned = |id: &str, preview: Option<&str>| {
        let desired = [desired_binding(Some(id), preview)];
        let case = Case {
            desired: &desired,
            existing: &existing,
            ..Case::default()
        };
        decide(&case).unwrap()
    };
    for text in ["<id>", "", "10ca110cb572ff743a45e4869ad81692"] {
        let plan = planned(OLD, Some(text));
        let [Action::Keep { .. }, Action::Create { title, .. }] = &actions(&plan)[..] else {
            panic!("{text}: {plan:?}");
        };
        assert_eq!(title.as_str(), "bio-CACHE_preview");
        assert_eq!(plan.remarks, []);
    }
    assert_eq!(planned("<id>", Some("<id>")).pending().count(), 2);
    assert_eq!(planned(OLD, None).pending().count(), 0);
    let mistyped = planned(OLD, Some("7d0c3b9e4a514c5ab9c1f0a4d2e35b6l"));
    assert_eq!(mistyped.pending().count(), 0);
    assert!(matches!(
        mistyped.remarks[..],
        [Remark::MistypedPreview { .. }]
    ));
}

#[test]
fn an_unknown_id_that_is_used_twice_is_named_once() {
    let desired = [desired_binding(Some(OTHER), Some(OTHER))];
    let case = Case {
        desired: &desired,
        preview: Preview::Separate,
        ..Case::default()
    };
    let error = decide(&case).unwrap_err();
    let said = error.to_string();
    assert_eq!(said.matches(OTHER).count(), 1, "{said}");
    assert!(said.contains("the id of"), "{said}");
    assert!(said.contains("the preview_id of"), "{said}");
    let hint = error.hint().unwrap().to_string();
    assert_eq!(hint.matches(OTHER).count(), 1, "{hint}");
}

/// Texts in place of an id: none, placeholders, known and unknown ids.
fn declared() -> impl Strategy<Value = Option<&'static str>> {
    prop::sample::select(vec![
        None,
        Some(""),
        Some("<id>"),
        Some(OLD),
        Some(OTHER),
        Some("c2d9be6c0e1f4d0c8c7a9b3f5e4d2a10"),
        Some("10ca110cb572ff743a45e4869ad81692"),
    ])
}

fn existing() -> impl Strategy<Value = Vec<NamespaceInfo>> {
    let titles = [
        "bio-CACHE",
        "bio-cache",
        "CACHE",
        "bio-CACHE_preview",
        "other",
    ];
    let pick = prop::sample::subsequence(titles.to_vec(), 0..=titles.len());
    (pick, any::<bool>()).prop_map(|(titles, known)| {
        let id = |at: usize| match at {
            0 if known => OLD.to_owned(),
            1 if known => OTHER.to_owned(),
            _ => format!("{:032x}", 0xabc0_0000 + at),
        };
        let named = titles.iter().enumerate();
        named.map(|(at, title)| namespace(&id(at), title)).collect()
    })
}

/// Carries out `plan` on `want` and `existing`, as a service and a file would.
fn carried_out(
    plan: &Plan,
    desired: &DesiredBinding,
    existing: &mut Vec<NamespaceInfo>,
) -> DesiredBinding {
    let mut after = desired.clone();
    let mut entry = after.entry.take().unwrap();
    for step in &plan.steps {
        let id = match &step.action {
            Action::Keep { id, .. } | Action::Adopt { id, .. } => id.to_string(),
            Action::Create { title, .. } => {
                let id = format!("{:032x}", 0xdef0_0000 + existing.len());
                existing.push(namespace(&id, title.as_str()));
                id
            }
            Action::Share => entry.id.clone().unwrap().value,
        };
        match step.slot.field {
            Field::Id => entry.id = located(Some(&id)),
            _ => entry.preview_id = located(Some(&id)),
        }
    }
    after.entry = Some(entry);
    after
}

proptest! {
    /// Whatever the file and the account say: a plan that was carried out leaves nothing to do,
    /// touches no live id, and makes no second namespace of one title.
    #[test]
    fn a_plan_carried_out_leaves_nothing_to_do(
        id in declared(),
        preview_id in declared(),
        existing in existing(),
        preview in prop::sample::select(vec![Preview::Untouched, Preview::Same, Preview::Separate]),
        local in any::<bool>(),
    ) {
        let before = desired_binding(id, preview_id);
        let desired = std::slice::from_ref(&before);
        let case = Case { desired, existing: &existing, preview, local, ..Case::default() };
        let Ok(first) = decide(&case) else { return Ok(()) };

        for step in &first.steps {
            let live = before.declared(step.slot.field);
            if live.valid_where(|_| local).is_some() {
                prop_assert!(matches!(step.action, Action::Keep { .. }), "{step:?}");
            }
        }
        let mut remote = existing.clone();
        let after = carried_out(&first, &before, &mut remote);
        let titles: BTreeSet<&String> = remote.iter().map(|n| &n.title).collect();
        prop_assert_eq!(titles.len(), remote.len());

        let desired = std::slice::from_ref(&after);
        let case = Case { desired, existing: &remote, ..case };
        let second = decide(&case);
        prop_assert!(second.as_ref().is_ok_and(|plan| !plan.is_pending()), "{second:?}");
    }
}
