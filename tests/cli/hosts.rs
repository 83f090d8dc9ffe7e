//! Which host is asked, and which headers it gets.

use std::{
    io::{BufRead as _, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::{
    sandbox::{ACCOUNT, Sandbox, Seen, TOKEN},
    wait::Finish as _,
};

/// What the first connection says to a listener that answers nothing, while `run` runs.
fn heard(run: impl FnOnce(&str) -> Seen) -> (Seen, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let head = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        lines.take_while(|line| !line.is_empty()).collect()
    });
    let seen = run(&address.to_string());
    // If nothing was sent, nothing is heard.
    TcpStream::connect(address).ok();
    (seen, head.join().unwrap())
}

fn project(text: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", text);
    sandbox
}

const FED: &str = "name = \"bio\"\ncompliance_region = \"fedramp_high\"\n[env.live]\n\
                   [env.open]\ncompliance_region = \"public\"\n";

#[test]
fn the_region_decides_between_two_hosts() {
    let host = |text: &str, region: Option<&str>, args: &[&str]| {
        let sandbox = project(text);
        let (seen, head) = heard(|address| {
            let args = [&["namespace", "list", "--retries", "0"], args].concat();
            let mut command = sandbox.command(&args);
            command
                .env_remove("CLOUDFLARE_API_BASE_URL")
                .env("HTTPS_PROXY", format!("http://{address}"))
                .envs(region.map(|region| ("CLOUDFLARE_COMPLIANCE_REGION", region)));
            Seen::of(command)
        });
        assert_eq!(seen.code, Some(7), "{seen}");
        head[0].clone()
    };
    let (public, fed) = (
        "CONNECT api.cloudflare.com:443 HTTP/1.1",
        "CONNECT api.fed.cloudflare.com:443 HTTP/1.1",
    );
    let bio = "name = \"bio\"\n";
    assert_eq!(host(bio, None, &[]), public);
    assert_eq!(host(bio, Some(""), &[]), public);
    assert_eq!(host(bio, Some("public"), &[]), public);
    assert_eq!(host(bio, Some("fedramp_high"), &[]), fed);
    assert_eq!(host(FED, None, &[]), fed);
    assert_eq!(host(FED, Some("fedramp_high"), &[]), fed);
    // The file is read for it where nothing else is needed from there.
    assert_eq!(host(FED, None, &["--account-id", ACCOUNT]), fed);
    assert_eq!(host(FED, None, &["--env", "live"]), fed);
    assert_eq!(host(FED, None, &["--env", "open"]), public);
    let graphql = |text: &str| {
        let sandbox = project(text);
        let (_, head) = heard(|address| {
            let mut command = sandbox.command(&["usage", "--retries", "0"]);
            command
                .env_remove("CLOUDFLARE_API_BASE_URL")
                .env("HTTPS_PROXY", format!("http://{address}"));
            Seen::of(command)
        });
        head[0].clone()
    };
    assert_eq!(graphql(FED), fed);
}

#[test]
fn a_region_that_is_not_certain_asks_no_host() {
    let refused = |text: &str, region: &str, args: &[&str]| {
        let sandbox = project(text);
        let (seen, head) = heard(|address| {
            let mut command = sandbox.command(args);
            command
                .env_remove("CLOUDFLARE_API_BASE_URL")
                .env("HTTPS_PROXY", format!("http://{address}"))
                .env("CLOUDFLARE_COMPLIANCE_REGION", region);
            Seen::of(command)
        });
        assert_eq!(head, [] as [&str; 0]);
        seen
    };
    let list = ["namespace", "list"];
    let bio = "name = \"bio\"\n";
    insta::assert_snapshot!(refused(FED, "public", &list), @"
    exit: 9
    --- stderr
    error: [HOME]/app/wrangler.toml:2:21: `compliance_region` is fedramp_high, but CLOUDFLARE_COMPLIANCE_REGION is public
    hint: make them agree, or remove one of them
    ");
    insta::assert_snapshot!(refused(bio, "fedramp", &list), @"
    exit: 2
    --- stderr
    error: CLOUDFLARE_COMPLIANCE_REGION is invalid
      because: unknown compliance region `fedramp`; expected public or fedramp_high
    ");
    let typo = FED.replace("fedramp_high", "fedramp-high");
    insta::assert_snapshot!(refused(&typo, "", &list), @"
    exit: 5
    --- stderr
    error: [HOME]/app/wrangler.toml:2:21: `compliance_region` is invalid
      because: unknown compliance region `fedramp-high`; expected public or fedramp_high
    ");
    let both = ["provision", "--all-envs", "A"];
    insta::assert_snapshot!(refused(FED, "", &both), @"
    exit: 9
    --- stderr
    error: the selected sections are in different compliance regions
    hint: select one section with `--env NAME`
    ");
    let seen = refused(FED, "public", &["verify"]);
    assert_eq!(seen.code, Some(9), "{seen}");
}

#[test]
fn an_env_file_may_name_the_region_and_doctor_tells_it() {
    let sandbox = project("name = \"bio\"\n");
    sandbox.write(".env", "CLOUDFLARE_COMPLIANCE_REGION=fedramp_high\n");
    let doctor = |sandbox: &Sandbox| {
        let mut command = sandbox.command(&["doctor", "--local"]);
        command.env_remove("CLOUDFLARE_API_BASE_URL");
        Seen::of(command)
    };
    let seen = doctor(&sandbox);
    seen.assert_stdout(
        "  region            fedramp_high  CLOUDFLARE_COMPLIANCE_REGION in .env:1\n",
    );
    seen.assert_stdout("  API               https://api.fed.cloudflare.com/client/v4  region\n");
    let seen = doctor(&project(FED));
    seen.assert_stdout("/wrangler.toml:2:21: `compliance_region`\n");
    seen.assert_stdout("  API               https://api.fed.cloudflare.com/client/v4  region\n");
}

const HEADERS: &str = r#"{"CF-Access-Client-Secret": "canary_header", "X-Short": "1"}"#;

#[test]
fn further_headers_are_sent_and_never_shown() {
    let sandbox = project("name = \"bio\"\n");
    let (seen, head) = heard(|address| {
        let mut command = sandbox.command(&["namespace", "list", "-vv", "--retries", "0"]);
        command
            .env(
                "CLOUDFLARE_API_BASE_URL",
                format!("http://{address}/client/v4"),
            )
            .env("CLOUDFLARE_API_HEADERS", HEADERS);
        Seen::of(command)
    });
    assert!(
        head.contains(&"cf-access-client-secret: canary_header".to_owned()),
        "{head:?}"
    );
    assert!(head.contains(&"x-short: 1".to_owned()), "{head:?}");
    assert!(
        head.contains(&format!("authorization: Bearer {TOKEN}")),
        "{head:?}"
    );
    assert!(!seen.to_string().contains("canary_header"), "{seen}");
    let mut command = sandbox.command(&["doctor"]);
    let seen = Seen::of(command.env("CLOUDFLARE_API_HEADERS", HEADERS).finish());
    seen.assert_stdout(
        "  extra headers     cf-access-client-secret, x-short  CLOUDFLARE_API_HEADERS\n",
    );
    assert!(!seen.to_string().contains("canary_header"), "{seen}");
    for wrong in [
        "[]",
        r#"{"Authorization": "Bearer canary_header"}"#,
        r#"{"a b": "canary_header"}"#,
    ] {
        let mut command = sandbox.command(&["namespace", "list"]);
        let seen = Seen::of(command.env("CLOUDFLARE_API_HEADERS", wrong));
        assert_eq!(seen.code, Some(2), "{seen}");
        seen.assert_stderr("error: CLOUDFLARE_API_HEADERS cannot be used: ");
        assert!(!seen.to_string().contains("canary_header"), "{seen}");
        let mut command = sandbox.command(&["doctor"]);
        let seen = Seen::of(command.env("CLOUDFLARE_API_HEADERS", wrong));
        assert_eq!(seen.code, Some(8), "{seen}");
        seen.assert_stdout("broken: CLOUDFLARE_API_HEADERS cannot be used: ");
    }
}

#[test]
fn headers_of_the_user_go_nowhere_that_a_project_names() {
    let sandbox = project("name = \"bio\"\n");
    let base = sandbox.base_url();
    let own = format!("CLOUDFLARE_API_BASE_URL={base}\nCLOUDFLARE_API_TOKEN={TOKEN}\n");
    let list = |headers: &str| {
        let mut command = sandbox.bare_command(&["namespace", "list", "--account-id", ACCOUNT]);
        command
            .env_remove("CLOUDFLARE_API_BASE_URL")
            .env("CLOUDFLARE_API_HEADERS", headers);
        Seen::of(command)
    };
    sandbox.write(".env", &own);
    assert_eq!(list("").code, Some(0));
    insta::assert_snapshot!(list(HEADERS), @"
    exit: 9
    --- stderr
    error: .env:1: CLOUDFLARE_API_BASE_URL sets the API's address, but CLOUDFLARE_API_HEADERS is set in the environment; nothing was sent
    hint: to send requests there, export CLOUDFLARE_API_BASE_URL, or unset CLOUDFLARE_API_HEADERS; otherwise delete the line
    ");
    // What a project says is not sent along.
    sandbox.write(".env", format!("{own}CLOUDFLARE_API_HEADERS='not json'\n"));
    assert_eq!(list("").code, Some(0));
}

#[test]
fn no_host_is_asked_where_a_file_that_may_name_the_region_cannot_be_read() {
    let asked = |text: &str, env_file: &str, command: &str, variables: &[(&str, &str)]| {
        let sandbox = project(text);
        sandbox.write("own.env", env_file);
        let (seen, head) = heard(|address| {
            let args = [command, "--retries", "0", "--env-file", "own.env"];
            let mut command = sandbox.command(&args);
            command
                .env_remove("CLOUDFLARE_API_BASE_URL")
                .env("HTTPS_PROXY", format!("http://{address}"))
                .envs(variables.iter().copied());
            Seen::of(command)
        });
        (seen, head.first().cloned())
    };
    let broken = "name = \"bio\"\ncompliance_region = \"fedramp_high\"\n[[kv\n";
    let why = "no request was sent: the wrangler file cannot be used, and may name another compliance \
               region";
    for command in ["verify", "doctor"] {
        let (seen, head) = asked(broken, "", command, &[]);
        assert_eq!(seen.code, Some(8), "{seen}");
        seen.assert_stdout(why);
        assert_eq!(head, None, "{command}");
        // A variable of the process decides.
        let region = [("CLOUDFLARE_COMPLIANCE_REGION", "fedramp_high")];
        let (_, head) = asked(broken, "", command, &region);
        let fed = "CONNECT api.fed.cloudflare.com:443 HTTP/1.1";
        assert_eq!(head.as_deref(), Some(fed), "{command}");
    }
    let large = "#".repeat((1 << 20) + 1);
    let (seen, head) = asked("name = \"bio\"\n", &large, "doctor", &[]);
    assert_eq!(seen.code, Some(8), "{seen}");
    seen.assert_stdout("no request was sent: an env file cannot be used");
    assert_eq!(head, None);
}
