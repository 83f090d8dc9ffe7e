//! The check `preview`: what else writes to production, of a Worker and of a Pages project.

use super::{Service, drift::shown, verify::checked};

const A: &str = "0f2ac74b498b48028cb68387c421e279";
const B: &str = "7d0c3b9e4a514c5ab9c1f0a4d2e35b61";

async fn said(service: &Service, file: &str) -> String {
    let file = file.replace("ID_A", A).replace("ID_B", B);
    let verified = checked(service, &file, "", &["preview"], true).await;
    let all = verified.findings.iter().map(|it| shown(it, &[A, B]));
    all.collect::<Vec<_>>().join("\n")
}

const PAGES: &str = "name = \"bio\"\npages_build_output_dir = \"./out\"\n";

#[tokio::test]
async fn a_pages_project_without_a_section_for_previews_is_told_how_to_add_one() {
    let service = Service::new();
    let file = format!(
        "{PAGES}[[kv_namespaces]]\nbinding = \"A\"\nid = \"ID_A\"\npreview_id = \"ID_B\"\n"
    );
    insta::assert_snapshot!(said(&service, &file).await, @"
    warn preview [] there is no section `env.preview`: preview deployments write to the namespaces of production
      wrangler.toml:3:1
      run `kvctl provision --env preview --add-env`, or pass `--skip preview` if this is intended
    ");
}

#[tokio::test]
async fn previews_of_pages_that_share_an_id_with_production_are_named() {
    let service = Service::new();
    let file = format!(
        "{PAGES}[[kv_namespaces]]\nbinding = \"A\"\nid = \"ID_A\"\n[[env.preview.kv_namespaces]]\n\
         binding = \"A\"\nid = \"ID_A\"\n"
    );
    let both = said(&service, &file).await;
    let file = file.replace("env.preview", "env.production");
    let top = said(&service, &file).await;
    insta::assert_snapshot!(format!("{both}\n{top}"), @"
    warn preview [preview/A] `env.preview` has the id that `A` has in the top level: preview deployments write to production
      wrangler.toml:8:6
      run `kvctl provision A=bio-preview-A --replace-id [ID 0] --env preview`, or pass `--skip preview` if this is intended
    warn preview [A] the top level has the id that `A` has in `env.production`: preview deployments write to production
      wrangler.toml:5:6
      run `kvctl provision --env preview --add-env`, or pass `--skip preview` if this is intended
    ");
}

#[tokio::test]
async fn previews_of_pages_with_ids_of_their_own_pass() {
    let service = Service::new();
    let file = format!(
        "{PAGES}[[kv_namespaces]]\nbinding = \"A\"\nid = \"ID_A\"\n[[env.preview.kv_namespaces]]\n\
         binding = \"A\"\nid = \"ID_B\"\n"
    );
    let own = said(&service, &file).await;
    let none = said(&service, PAGES).await;
    insta::assert_snapshot!(format!("{own}\n{none}"), @"
    pass preview [] preview deployments have namespaces of their own
    skip preview [] no KV namespaces are bound for preview deployments
    ");
}

#[tokio::test]
async fn remote_bindings_of_plain_dev_are_named_with_what_they_write_to() {
    let service = Service::new();
    let entry = |ids: &str| {
        format!(
            "name = \"bio\"\nmain = \"a.ts\"\n[[kv_namespaces]]\nbinding = \"A\"\n{ids}\nremote = true\n"
        )
    };
    let mut all = Vec::new();
    for ids in [
        "id = \"ID_A\"",
        "id = \"ID_A\"\npreview_id = \"ID_A\"",
        "id = \"ID_A\"\npreview_id = \"ID_B\"",
        "",
    ] {
        all.push(said(&service, &entry(ids)).await);
    }
    let pages = entry("id = \"ID_A\"").replace("main = \"a.ts\"", "pages_build_output_dir = \"o\"");
    let preview = "[[env.preview.kv_namespaces]]\nbinding = \"A\"\nid = \"ID_B\"\n";
    all.push(said(&service, &format!("{pages}{preview}")).await);
    insta::assert_snapshot!(all.join("\n"), @"
    warn preview [A] `remote` is true and there is no `preview_id`: plain `wrangler dev` writes to production
      wrangler.toml:3:1
      run `kvctl provision A --preview separate --replace-id [ID 0]`, or remove `remote` to use the local store; `provision` also replaces the id of A, which the account does not have
    warn preview [A] `remote` is true and `preview_id` is the production id: plain `wrangler dev` writes to production
      wrangler.toml:3:1
      run `kvctl provision A --preview separate --replace-id [ID 0]`, or remove `remote` to use the local store
    pass preview [] every binding has a preview namespace
    warn preview [A] `remote` is true and there is no `preview_id`: plain `wrangler dev` writes to production
      wrangler.toml:3:1
      run `kvctl provision A --preview separate`, or remove `remote` to use the local store; `provision` also writes the `id`
    warn preview [A] `remote` is true: `wrangler pages dev` uses the namespace of the account, not the local store
      wrangler.toml:3:1
      remove `remote` to use the local store, or pass `--skip preview` if this is intended
    ");
}

const WORKER: &str = "name = \"bio\"\nmain = \"a.ts\"\n";

#[tokio::test]
async fn previews_that_are_bound_to_production_are_named() {
    let service = Service::new();
    let file = format!(
        "{WORKER}kv_namespaces = [{{ binding = \"A\", id = \"ID_A\", preview_id = \"ID_B\" }}]\n\
         [previews]\nkv_namespaces = [{{ binding = \"A\", id = \"ID_A\" }}]\n"
    );
    insta::assert_snapshot!(said(&service, &file).await, @"
    warn preview [previews/A] same namespace as `A` at the top level: `wrangler preview` writes to production
      wrangler.toml:5:40
      run `kvctl provision A=bio@previews-A --replace-id [ID 0] --in-previews`, or pass `--skip preview` if this is intended
    ");
    let own = file.replacen("id = \"ID_A\" }]\n", "id = \"ID_B\" }]\n", 1);
    insta::assert_snapshot!(said(&service, &own).await, @"pass preview [] every binding has a preview namespace");
    // By what is deployed as well.
    service.deploy("bio", &[("A", A)]);
    let deployed = file.replacen("id = \"ID_A\", ", "", 1);
    insta::assert_snapshot!(said(&service, &deployed).await, @"
    warn preview [previews/A] same namespace as `A` at the top level: `wrangler preview` writes to production
      wrangler.toml:5:40
      run `kvctl provision A=bio@previews-A --replace-id [ID 0] --in-previews`, or pass `--skip preview` if this is intended
    ");
}

#[tokio::test]
async fn a_binding_that_only_the_worker_knows_has_no_preview_namespace() {
    let service = Service::new();
    let file = format!("{WORKER}kv_namespaces = [{{ binding = \"A\" }}]\n");
    insta::assert_snapshot!(said(&service, &file).await, @"pass preview [] every binding that has a namespace has a preview namespace");
    service.deploy("bio", &[("A", A)]);
    insta::assert_snapshot!(said(&service, &file).await, @"
    warn preview [A] no `preview_id`: `wrangler dev --remote` writes to production
      wrangler.toml:3:18
      run `kvctl provision A --preview separate`, or pass `--skip preview` if this is intended; `provision` also writes the `id`
    ");
}

/// What the check `namespaces` says of sharing.
async fn shared(service: &Service, file: &str, manifest: &str, ids: [&str; 2]) -> String {
    let file = file.replace("ID_A", ids[0]).replace("ID_B", ids[1]);
    let verified = checked(service, &file, manifest, &["namespaces"], true).await;
    let warned = verified.findings.iter().map(|it| shown(it, &ids));
    let warned = warned.filter(|text| text.contains("same namespace"));
    warned.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn bindings_that_share_a_namespace_are_named() {
    let service = Service::new();
    let id = service.create("one").await;
    let ids = [id.as_str(), B];
    let file = format!(
        "{WORKER}kv_namespaces = [{{ binding = \"A\", id = \"ID_A\" }}, {{ binding = \"B\", id = \"ID_A\" }}]\n\
         [env.staging]\nkv_namespaces = [{{ binding = \"A\", id = \"ID_A\" }}]\n"
    );
    insta::assert_snapshot!(shared(&service, &file, "", ids).await, @"
    warn namespaces [B at the top level; A in environment `staging`] same namespace as `A` at the top level ([ID 0])
      wrangler.toml:3:100
      run `kvctl provision B=bio-B --replace-id [ID 0]` and `kvctl provision A=bio-staging-A --replace-id [ID 0] --env staging` to separate them
    ");
    // It is meant where kvctl.toml says so, and where both sections are one Worker.
    let titles = "[[namespace]]\nbinding = \"A\"\ntitle = \"t\"\n[[namespace]]\nbinding = \"B\"\ntitle = \"t\"\n";
    let meant = file.replace("[env.staging]", "[env.staging]\nname = \"bio\"");
    assert_eq!(shared(&service, &meant, titles, ids).await, "");
}

#[tokio::test]
async fn bindings_that_share_a_deployed_namespace_are_named() {
    let service = Service::new();
    let (a, b) = (service.create("one").await, service.create("two").await);
    let ids = [a.as_str(), b.as_str()];
    service.deploy("bio", &[("A", ids[0])]);
    service.deploy("bio-staging", &[("A", ids[0]), ("B", ids[1])]);
    let file = format!(
        "{WORKER}kv_namespaces = [{{ binding = \"A\" }}, {{ binding = \"C\", id = \"ID_B\" }}]\n\
         [env.staging]\nkv_namespaces = [{{ binding = \"A\" }}, {{ binding = \"B\" }}]\n"
    );
    insta::assert_snapshot!(shared(&service, &file, "", ids).await, @"
    warn namespaces [staging/A] same namespace as `A` at the top level ([ID 0])
      wrangler.toml:5:18
      write the id of another namespace into the file, and deploy
    warn namespaces [staging/B] same namespace as `C` at the top level ([ID 1])
      wrangler.toml:5:37
      write the id of another namespace into the file, and deploy
    ");
}

/// `wrangler dev --remote` of one binding must not write into what another has in production.
#[tokio::test]
async fn a_preview_id_that_is_another_bindings_production_id_is_named() {
    let service = Service::new();
    let own = "{ binding = \"P\", id = \"9d0c3b9e4a514c5ab9c1f0a4d2e35b61\", preview_id = \"8d0c3b9e4a514c5ab9c1f0a4d2e35b61\" }";
    let file = |rest: &str| format!("{WORKER}kv_namespaces = [{own}, {rest}");
    let c = "{ binding = \"C\", id = \"ID_A\", preview_id = \"7d0c3b9e4a514c5ab9c1f0a4d2e35b62\" }";
    let mut all = Vec::new();
    for rest in [
        format!("{{ binding = \"E\", id = \"ID_B\", preview_id = \"ID_A\" }}, {c}]"),
        format!("{{ binding = \"E\", id = \"ID_B\", preview_id = \"ID_A\", remote = true }}, {c}]"),
        format!(
            "{c}]\n[env.\"$(x)\"]\nkv_namespaces = [{{ binding = \"C\", id = \"ID_B\", preview_id = \
             \"ID_A\" }}]"
        ),
        format!(
            "{c}]\n[env.s]\nkv_namespaces = [{{ binding = \"C\", id = \"ID_A\", preview_id = \"ID_A\" }}]"
        ),
    ] {
        all.push(said(&service, &file(&rest)).await);
    }
    insta::assert_snapshot!(all.join("\n"), @"
    warn preview [E] `preview_id` is the production id of `C` at the top level: `wrangler dev --remote` writes to it
      wrangler.toml:3:198
      run `kvctl provision E --preview separate --replace-id [ID 0] --replace-id [ID 1]`, or pass `--skip preview` if this is intended; `provision` also replaces the id of E, which the account does not have
    warn preview [E] `remote` is true and `preview_id` is the production id of `C` at the top level: plain `wrangler dev` writes to it
      wrangler.toml:3:127
      run `kvctl provision E --preview separate --replace-id [ID 0] --replace-id [ID 1]`, or remove `remote` to use the local store; `provision` also replaces the id of E, which the account does not have
    warn preview [$(x)/C] `preview_id` is the production id of `C` at the top level: `wrangler dev --remote` writes to it
      wrangler.toml:5:89
      first give environment `$(x)` a `name` of lower-case letters, digits, dashes and underscores, or rename it; then run `kvctl provision C --preview separate --replace-id [ID 0] --replace-id [ID 1] --env '$(x)'`, or pass `--skip preview` if this is intended; `provision` also replaces the id of $(x)/C, which the account does not have
    warn preview [s/C] `preview_id` is the production id: `wrangler dev --remote` writes to production
      wrangler.toml:5:89
      run `kvctl provision C --preview separate --replace-id [ID 0] --env s`, or pass `--skip preview` if this is intended
    ");
}
