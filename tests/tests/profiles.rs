//! Profiles at the command line: kept, put in use, named, and what comes before what.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use thalweg_tests::binary::{self, Node};

const PASSWORD: &str = "s3cret-w0rd-of-alice";
/// Nobody listens there.
const NOWHERE: &str = "127.0.0.1:1";

/// A folder of profiles, and a node whose user is alice.
struct Place {
    folder: tempfile::TempDir,
    node: Node,
}

impl Place {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let users = folder.path().join("users");
        let mut add = binary::command(["users", "add"]);
        binary::printed(add.arg(&users).args(["alice", "--quiet"]).env("THALWEG_PASSWORD", PASSWORD).output()?)?;
        let users = users.to_str().context("a plain name")?;
        let node = Node::start_with(&folder.path().join("data"), &["--listen", "127.0.0.1:0", "--users", users])?;
        std::fs::write(folder.path().join("password"), PASSWORD)?;
        Ok(Self { folder, node })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = binary::command(arguments);
        command.current_dir(self.folder.path()).env("THALWEG_CONFIG", self.path("config"));
        command
    }

    fn says(&self, arguments: &[&str], status: i32, expected: &str) -> Result<()> {
        says(&self.command(arguments).output()?, status, expected).with_context(|| arguments.join(" "))
    }
}

fn says(output: &Output, status: i32, expected: &str) -> Result<()> {
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.code() == Some(status), "{} instead of {status}: {said}", output.status);
    ensure!(said.contains(expected), "it says {said:?} instead of {expected:?}");
    ensure!(!said.contains(PASSWORD), "it shows the password: {said}");
    Ok(())
}

#[test]
fn profiles_are_kept_shown_and_removed() -> Result<()> {
    let place = Place::new()?;
    place.says(&["profile", "list"], 0, "")?;
    place.says(&["profile", "show"], 1, "no profile is in use")?;
    place.says(&["profile", "add", "a"], 1, "name them with --server")?;
    place.says(&["profile", "add", "a", "--server", "host"], 1, "\"host\" must be \"host:port\"")?;
    place.says(&["profile", "add", "a/b", "--server", NOWHERE], 1, "cannot be the name of a profile")?;
    place.says(&["profile", "add", "a", "--server", NOWHERE, "--tls-cert", "x"], 2, "--tls-cert needs --tls-key")?;
    place.says(&["profile", "add", "a", "--server", NOWHERE, "--password-file", "x"], 1, "of no use without a user")?;
    ensure!(!place.path("config").exists(), "nothing was added, and a folder was made");

    let far = ["profile", "add", "far", "--server", "a.example.com:9123,b.example.com:9123", "--user", "alice"];
    let far = [&far[..], &["--password-file", "password", "--tls-ca", "ca.pem", "--timeout", "90"]].concat();
    place.says(&far, 0, "added profile far\n")?;
    place.says(&far, 1, "there is a profile \"far\" already")?;
    place.says(
        &["profile", "add", "near", "--server", NOWHERE, "--use"],
        0,
        "added profile near, which is in use now",
    )?;
    let shown = binary::printed(place.command(&["profile", "show", "far", "--format", "json"]).output()?)?;
    let shown: serde_json::Value = serde_json::from_str(&shown)?;
    let password = place.path("password");
    let expected = serde_json::json!({
        "profile": "far", "in_use": false, "servers": ["a.example.com:9123", "b.example.com:9123"], "user": "alice",
        "password_file": password.to_str(), "insecure_login": false, "tls": true,
        "tls_ca": place.path("ca.pem").to_str(), "tls_cert": null, "tls_key": null, "tls_server_name": null,
        "timeout": "1m 30s",
    });
    ensure!(shown == expected, "{shown}");
    place.says(&["profile", "list"], 0, "near")?;
    place.says(&["profile", "use", "none"], 1, "there is no profile \"none\"")?;
    place.says(&["profile", "use", "far"], 0, "profile far is in use now")?;
    place.says(&["profile", "rename", "far", "away"], 0, "renamed profile far to away")?;
    place.says(&["profile", "show"], 0, "away")?;
    place.says(&["profile", "remove", "away"], 0, "it was in use, and none is now")?;
    place.says(&["profile", "remove", "away"], 1, "it has near")?;
    let text = std::fs::read_to_string(place.path("config/profiles.toml"))?;
    ensure!(!text.contains(PASSWORD), "{text}");
    Ok(())
}

/// Options, environment, and what `-v` then says; the table list works or fails as the status says.
type Case = (&'static [&'static str], &'static [(&'static str, &'static str)], i32, &'static str);

#[test]
fn what_is_named_nearer_comes_first() -> Result<()> {
    let place = Place::new()?;
    let server = place.node.address.clone();
    let add =
        |name: &str, more: &[&str]| place.says(&[&["profile", "add", name, "--server"], more].concat(), 0, "added");
    let alice = ["--user", "alice", "--password-file", "password"];
    add("good", &[&[server.as_str()][..], &alice].concat())?;
    add("bare", &[&server])?;
    add("dead", &[&[NOWHERE][..], &alice, &["--timeout", "2s"]].concat())?;
    place.says(&["profile", "use", "good"], 0, "")?;
    // NODE stands for the node's address.
    let cases: &[Case] = &[
        (&[], &[], 0, "connecting to NODE (profile good) as alice, without TLS"),
        (&["--profile", "dead"], &[], 1, "connecting to 127.0.0.1:1 (profile dead) as alice"),
        (&["--profile", "none"], &[], 1, "there is no profile \"none\""),
        (&[], &[("THALWEG_PROFILE", "dead")], 1, "(profile dead)"),
        (&["--profile", "good"], &[("THALWEG_PROFILE", "dead")], 0, "(profile good)"),
        // Servers that are named nearer than the profile have nothing of it, above all not its password.
        (&["--server", "NODE"], &[], 1, "connecting to NODE without a login, without TLS"),
        (&[], &[("THALWEG_SERVER", "NODE")], 1, "connecting to NODE without a login"),
        (&["--server", "NODE"], &[("THALWEG_PROFILE", "dead")], 1, "connecting to NODE without a login"),
        // Named as near, they take the place of the profile's servers.
        (&["--server", "NODE", "--profile", "dead"], &[], 0, "connecting to NODE (profile dead) as alice"),
        (&["--profile", "good"], &[("THALWEG_SERVER", NOWHERE)], 0, "connecting to NODE (profile good) as alice"),
        (&[], &[("THALWEG_SERVER", "NODE"), ("THALWEG_PROFILE", "dead")], 0, "connecting to NODE (profile dead)"),
        // So it is with the user, and a password goes with its user.
        (&["--user", "bob"], &[("THALWEG_PASSWORD", "x")], 1, "(profile good) as bob"),
        (&["--user", "bob"], &[], 1, "give --password-file FILE"),
        (&[], &[("THALWEG_USER", "bob"), ("THALWEG_PASSWORD", "x")], 1, "(profile good) as bob"),
        (&["--profile", "good"], &[("THALWEG_USER", "bob"), ("THALWEG_PASSWORD", "x")], 0, "(profile good) as alice"),
        (&["--profile", "bare"], &[("THALWEG_USER", "alice"), ("THALWEG_PASSWORD", PASSWORD)], 0, "as alice"),
        (&["--profile", "bare"], &[], 1, "(profile bare) without a login"),
    ];
    for (options, environment, status, expected) in cases {
        let named = |text: &&str| text.replace("NODE", &server);
        let mut command = place.command(&["table", "list", "-v", "--timeout", "5s"]);
        command.args(options.iter().map(named));
        command.envs(environment.iter().map(|(key, value)| (*key, named(value))));
        says(&command.output()?, *status, &named(expected)).with_context(|| format!("{options:?} {environment:?}"))?;
    }
    Ok(())
}

#[test]
fn a_file_that_is_wrong_is_said_and_left_alone() -> Result<()> {
    let place = Place::new()?;
    std::fs::create_dir(place.path("config"))?;
    let file = place.path("config/profiles.toml");
    let text = "[profiles.a]\nservers = [\"h:1\"]\npassword = \"s3cret-w0rd-of-alice\"\n";
    write_for_its_owner(&file, text)?;
    place.says(&["table", "list"], 1, "line 3: unknown field `password`")?;
    place.says(&["profile", "add", "b", "--server", NOWHERE], 1, "unknown field `password`")?;
    ensure!(std::fs::read_to_string(&file)? == text, "it was written");
    // Whoever names a server needs no profile.
    place.says(&["table", "list", "--server", NOWHERE, "--timeout", "1s"], 1, "no server answers")
}

#[cfg(unix)]
fn write_for_its_owner(path: &Path, text: &str) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text)?;
    Ok(std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?)
}

#[cfg(not(unix))]
fn write_for_its_owner(path: &Path, text: &str) -> Result<()> {
    Ok(std::fs::write(path, text)?)
}
