//! Files of profiles: good ones, broken ones, changed by people and by many processes at once.

use std::path::PathBuf;
use std::time::Duration;

use super::*;

const FULL: &str = r#"# clusters of mine
default = "far"

[profiles.near]   # the laptop
servers = ["127.0.0.1:9123"]

[profiles.far]
servers = ["a.example.com:9123", "[::1]:9124"]
user = "alice"
password-file = "far.password"
insecure-login = true
tls-ca = "/etc/ca.pem"
tls-cert = "alice.pem"
tls-key = "alice.key"
tls-server-name = "fluss"
timeout = "2m"
"#;

struct Folder(tempfile::TempDir);

impl Folder {
    fn with(text: &str) -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        std::fs::write(folder.path(), text).expect("it is written");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o600)).expect("it has them");
        }
        folder
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("profiles.toml")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.path()).expect("it is there")
    }
}

#[test]
fn a_profile_says_how_a_client_connects() {
    let folder = Folder::with(FULL);
    let profiles = Profiles::read(&folder.path()).expect("it is fine");
    assert_eq!(profiles.default_name(), Some("far"));
    let near = profiles.get("near").expect("it is there").options().expect("it is fine");
    assert!(near.tls.is_none() && near.settings.connection.login.is_none() && !near.insecure_login);

    let far = profiles.get("far").expect("it is there");
    let missing = far.options().map(drop).expect_err("no password yet").to_string();
    assert!(missing.contains("far.password"), "{missing}");
    std::fs::write(folder.0.path().join("far.password"), "s3cret\n").expect("it is written");
    let options = far.options().expect("it is fine");
    let connection = &options.settings.connection;
    assert_eq!(connection.bootstrap, ["a.example.com:9123", "[::1]:9124"]);
    assert_eq!(connection.login.as_ref().map(|login| login.user()), Some("alice"));
    assert_eq!(connection.command_timeout, Duration::from_secs(120));
    let tls = options.tls.expect("it has TLS");
    assert_eq!(tls.ca, Some("/etc/ca.pem".into()));
    assert_eq!(tls.identity.map(|identity| identity.key), Some(folder.0.path().join("alice.key")));
    assert_eq!(tls.server_name.as_deref(), Some("fluss"));
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let cases = [
        ("servers = []", "line 1: unknown field `servers`"),
        ("default = \"x\"", "default names the profile \"x\", which is not there"),
        ("profiles = 3", "line 1"),
        ("[profiles.a]\n", "missing field `servers`"),
        ("[profiles.a]\nservers = []", "profile a: servers must name at least one"),
        ("[profiles.a]\nservers = [\"host\"]", "\"host\" must be \"host:port\""),
        ("[profiles.a]\nservers = [\"h:0\"]", "\"h:0\" must be \"host:port\""),
        ("[profiles.a]\nservers = [\"h:1\"]\npassword = \"s3cret\"", "unknown field `password`"),
        ("[profiles.a]\nservers = [\"h:1\"]\npassword-file = \"x\"", "of no use without a user"),
        ("[profiles.a]\nservers = [\"h:1\"]\nuser = \"\"", "user must not be empty"),
        ("[profiles.a]\nservers = [\"h:1\"]\ntls-cert = \"x\"", "tls-cert needs tls-key"),
        ("[profiles.a]\nservers = [\"h:1\"]\ntimeout = \"soon\"", "timeout: "),
        ("[profiles.\"a b\"]\nservers = [\"h:1\"]", "\"a b\" cannot be the name of a profile"),
        ("[profiles.a\n", "line 1"),
    ];
    for (text, expected) in cases {
        let folder = Folder::with(text);
        let error = Profiles::read(&folder.path()).expect_err(text).to_string();
        assert!(error.contains(expected) && !error.contains("s3cret"), "{text}: {error}");
        // Nothing is written over a file that cannot be read.
        add(&folder.path(), "new", &Profile::new(vec!["h:1".into()])).expect_err(text);
        assert_eq!(folder.text(), text);
    }
}

#[test]
fn changes_keep_what_people_wrote() {
    let folder = Folder::with(FULL);
    let path = folder.path();
    let mut profile = Profile::new(vec!["h:1".into(), "h:2".into()]);
    profile.user = Some("bob \"b\"".into());
    profile.tls = true;
    add(&path, "third", &profile).expect("it is added");
    let exists = add(&path, "near", &profile).expect_err("it is there").to_string();
    assert!(exists.contains("already"), "{exists}");
    rename(&path, "far", "away").expect("it is renamed");
    rename(&path, "near", "third").expect_err("it is there");
    rename(&path, "near", "a/b").expect_err("no name");
    let profiles = Profiles::read(&path).expect("it is fine");
    assert_eq!(profiles.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["away", "near", "third"]);
    assert_eq!(profiles.get("third").expect("it is there"), &profile);
    assert_eq!(profiles.default_name(), Some("away"));
    assert!(folder.text().contains("# clusters of mine") && folder.text().contains("# the laptop"));

    set_default(&path, Some("none")).expect_err("it is not there");
    set_default(&path, Some("near")).expect("it is there");
    assert!(!remove(&path, "away").expect("it is removed"));
    assert!(remove(&path, "near").expect("it is removed"), "it was in use");
    let unknown = remove(&path, "near").expect_err("it is gone").to_string();
    assert!(unknown.contains("it has third"), "{unknown}");
    set_default(&path, Some("third")).expect("it is there");
    set_default(&path, None).expect("none is");
    assert_eq!(Profiles::read(&path).expect("it is fine").default_name(), None);
}

#[test]
fn many_may_add_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("new").join("profiles.toml");
    std::thread::scope(|scope| {
        for at in 0..16 {
            let path = &path;
            scope.spawn(move || {
                add(path, &format!("p{at}"), &Profile::new(vec![format!("h:{}", at + 1)])).expect("it is added");
            });
        }
    });
    assert_eq!(Profiles::read(&path).expect("it is fine").iter().count(), 16);
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("new").join("profiles.toml");
    add(&path, "a", &Profile::new(vec!["h:1".into()])).expect("it is added");
    let mode = |path: &std::path::Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().expect("a folder"))), (0o600, 0o700));
    for open in [0o620, 0o602] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(open)).expect("they are set");
        let error = Profiles::read(&path).expect_err("others may write it").to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }
    // Read it they may: it holds no secret.
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("they are set");
    Profiles::read(&path).expect("it is fine");
}
