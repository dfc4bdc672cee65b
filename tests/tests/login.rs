//! Logins at the command line: where passwords come from, what is refused, and that no password is ever shown.

use std::net::{IpAddr, UdpSocket};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use thalweg_tests::binary::{self, Node};

const PASSWORD: &str = "s3cret-w0rd-of-alice";

/// A command with a password in the environment.
fn command(server: &str, arguments: &[&str]) -> Command {
    let mut command = binary::command(arguments);
    command.envs([("THALWEG_SERVER", server), ("THALWEG_PASSWORD", PASSWORD)]);
    command
}

fn says(output: &Output, status: i32, expected: &str) -> Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(status), "{} instead of {status}: {said}", output.status);
    ensure!(said.contains(expected), "it says {said:?} instead of {expected:?}");
    ensure!(!said.contains(PASSWORD), "it shows the password: {said}");
    Ok(())
}

/// A node with the user alice.
fn node(folder: &Path, options: &[&str]) -> Result<Node> {
    let users = folder.join("users");
    let users = users.to_str().context("a plain name")?;
    binary::printed(command("", &["users", "add", users, "alice", "--quiet"]).output()?)?;
    Node::start_with(&folder.join("data"), &[&["--users", users], options].concat())
}

#[test]
fn a_password_comes_from_a_file_or_the_environment() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = node(folder.path(), &["--listen", "127.0.0.1:0"])?;
    let file = folder.path().join("password");
    let path = file.to_str().context("a plain name")?;
    let list = ["table", "list", "--user", "alice"];
    binary::printed(command(&node.address, &list).output()?)?;
    let mut none = command(&node.address, &list);
    says(&none.env_remove("THALWEG_PASSWORD").output()?, 1, "give --password-file FILE, or set THALWEG_PASSWORD")?;
    says(&command(&node.address, &list).env("THALWEG_PASSWORD", "").output()?, 1, "THALWEG_PASSWORD is empty")?;
    let with_file = [&list[..], &["--password-file", path]].concat();
    let from_file = |text: &[u8]| -> Result<Output> {
        std::fs::write(&file, text)?;
        // The file goes before the environment.
        Ok(command(&node.address, &with_file).env("THALWEG_PASSWORD", "wrong").output()?)
    };
    says(&from_file(format!("{PASSWORD}\n").as_bytes())?, 0, "")?;
    says(&from_file(b"")?, 1, "it is empty, and should have the password in one line")?;
    says(&from_file(format!("{PASSWORD}\n{PASSWORD}\n").as_bytes())?, 1, "it has more than one line")?;
    says(&from_file(b"\xff\xfe")?, 1, "it is not UTF-8")?;
    says(&from_file(&vec![b'x'; 70_000])?, 1, "it is longer than 64 KiB")?;
    says(&from_file(&vec![b'x'; 5_000])?, 1, "the password of a login must have at most 4096 bytes")?;
    std::fs::remove_file(&file)?;
    says(&command(&node.address, &with_file).output()?, 1, &format!("the password file {path}: No such file"))?;
    says(&command(&node.address, &["table", "list", "--password-file", path]).output()?, 1, "give --user NAME too")?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        from_file(PASSWORD.as_bytes())?;
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644))?;
        says(&command(&node.address, &with_file).output()?, 0, &format!("run `chmod 600 {path}`"))?;
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600))?;
        let quiet = command(&node.address, &with_file).output()?;
        ensure!(quiet.status.success() && quiet.stderr.is_empty(), "{quiet:?}");
    }
    Ok(())
}

#[test]
fn who_is_not_let_in_is_told_at_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = node(folder.path(), &["--listen", "127.0.0.1:0"])?;
    let plain_data = tempfile::tempdir()?;
    let plain = Node::start(plain_data.path(), None)?;
    let began = Instant::now();
    for engine in ["component", "native", "lockstep"] {
        let run = |server: &str, user: &[&str], password: &str| -> Result<Output> {
            let arguments = [&["scan", "t", "--engine", engine][..], user].concat();
            Ok(command(server, &arguments).env("THALWEG_PASSWORD", password).output()?)
        };
        let alice = ["--user", "alice"];
        let wrong = "does not take the login of user `alice`: check the name of the user and the password (it says: \
                     Authentication failed: Invalid username or password)";
        says(&run(&node.address, &alice, "guess")?, 1, wrong)?;
        let unknown = "does not take the login of user `mallory`";
        says(&run(&node.address, &["--user", "mallory"], PASSWORD)?, 1, unknown)?;
        says(&run(&node.address, &[], PASSWORD)?, 1, "wants a login: connect with a user and a password (`--user`)")?;
        says(&run(&plain.address, &alice, PASSWORD)?, 1, "takes no login with a password")?;
        says(&run(&node.address, &alice, PASSWORD)?, 1, "TABLE_NOT_EXIST")?;
        says(&run(&node.address, &["--user", &"a".repeat(300)], PASSWORD)?, 1, "must have at most 256 bytes")?;
    }
    ensure!(began.elapsed() < Duration::from_secs(30), "{:?}: none is tried again", began.elapsed());
    Ok(())
}

#[test]
fn a_file_of_users_is_kept_by_commands() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let users = folder.path().join("users");
    let file = users.to_str().context("a plain name")?;
    let run = |arguments: &[&str]| -> Result<Output> { Ok(command("", &[&["users"], arguments].concat()).output()?) };
    says(&run(&["add", file, "bob"])?, 0, "added user bob in")?;
    says(&run(&["add", file, "alice"])?, 0, "added user alice in")?;
    says(&run(&["add", file, "bob"])?, 0, "gave another password to user bob in")?;
    ensure!(
        binary::printed(run(&["list", file, "--format", "json"])?)? == "{\"user\":\"alice\"}\n{\"user\":\"bob\"}\n"
    );
    says(&run(&["remove", file, "bob"])?, 0, "removed user bob from")?;
    says(&run(&["remove", file, "bob"])?, 1, "it has no user \"bob\"")?;
    says(&run(&["add", file, "a:b"])?, 1, "the name of a user must not have a colon")?;
    says(&run(&["list", "/no/such/file"])?, 1, "make it with `thalweg users add FILE NAME`")?;
    let text = std::fs::read_to_string(&users)?;
    ensure!(text.starts_with("alice:$argon2id$") && !text.contains(PASSWORD), "{text}");
    std::fs::write(&users, format!("{text}bob:{PASSWORD}\n"))?;
    let data = folder.path().join("data");
    let data = data.to_str().context("a plain name")?;
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", data, "--users", file];
    says(&command("", &serve).output()?, 1, "line 2 has no hash of the form $argon2id$")
}

/// An address of this machine that is not a loopback one, if it has any.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: this asks which address would be used.
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
}

#[test]
fn a_password_goes_beyond_this_machine_only_if_that_is_allowed() -> Result<()> {
    let Some(own) = own_address() else {
        eprintln!("this machine has no address but loopback ones: left out");
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    // Clients are told the other address by the node.
    let node = node(folder.path(), &["--listen", "0.0.0.0:0", "--advertise", &format!("{own}:0")])?;
    let port = node.address.rsplit_once(':').context("an address")?.1;
    let refusal = "in clear text: connect with TLS (`--tls`), or allow it (`--insecure-login`)";
    for engine in ["component", "native", "lockstep"] {
        for server in [format!("{own}:{port}"), format!("127.0.0.1:{port}")] {
            let began = Instant::now();
            let create = ["table", "create", engine, "--schema", "id INT", "--user", "alice", "--engine", engine];
            // Were it tried again, that would take the whole timeout.
            let output = command(&server, &create).args(["--timeout", "5m"]).output()?;
            says(&output, 1, &format!("the password would go to {own}:{port} {refusal}"))?;
            ensure!(began.elapsed() < Duration::from_secs(60), "{:?}: it is not tried again", began.elapsed());
        }
        let allowed = ["table", "create", engine, "--schema", "id INT", "--user", "alice", "--insecure-login"];
        binary::printed(command(&format!("{own}:{port}"), &allowed).output()?)?;
    }
    Ok(())
}

#[test]
fn no_password_is_shown_however_much_is_logged() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let users = folder.path().join("users");
    let users = users.to_str().context("a plain name")?;
    let mut said = String::new();
    let mut run = |mut command: Command, input: &str| -> Result<()> {
        let output = binary::fed(
            {
                command.arg("--log").arg("trace");
                command
            },
            input,
        )?;
        said += &String::from_utf8_lossy(&output.stdout);
        said += &String::from_utf8_lossy(&output.stderr);
        Ok(())
    };
    run(command("", &["users", "add", users, "alice"]), "")?;
    let log = folder.path().join("node.log");
    let data = folder.path().join("data");
    let mut node = binary::command(["serve", "--listen", "127.0.0.1:0", "--log", "trace", "--users", users, "--data"])
        .arg(&data)
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log)?)
        .spawn()?;
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(node.stdout.take().context("a pipe")?), &mut line)?;
    let server = line.trim().strip_prefix("thalweg: ready on ").context("an address")?.to_owned();
    for engine in ["component", "native", "lockstep"] {
        let of = |arguments: &[&str]| command(&server, &[arguments, &["--user", "alice", "--engine", engine]].concat());
        run(of(&["table", "create", engine, "--schema", "id INT NOT NULL, n INT", "--primary-key", "id"]), "")?;
        run(of(&["upsert", engine]), "{\"id\":1}\n")?;
        run(of(&["scan", engine]), "")?;
        run(of(&["lookup", engine, "1"]), "")?;
        // Refused logins, and one that is refused for what it is.
        let mut wrong = of(&["scan", engine]);
        wrong.env("THALWEG_PASSWORD", format!("{PASSWORD}x"));
        run(wrong, "")?;
        let mut long = of(&["scan", engine]);
        long.env("THALWEG_PASSWORD", PASSWORD.repeat(1000));
        run(long, "")?;
    }
    node.kill()?;
    node.wait()?;
    let logged = std::fs::read_to_string(&log)?;
    ensure!(said.contains("\"id\":1") && said.contains("does not take the login"), "{said}");
    ensure!(logged.contains("connection closed"), "the node logs: {logged}");
    let bytes = PASSWORD.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ");
    for (who, text) in [("a command", &said), ("the node", &logged)] {
        let shown = text.lines().find(|line| line.contains(PASSWORD) || line.contains(&bytes));
        ensure!(shown.is_none(), "{who} shows the password: {shown:?}");
    }
    Ok(())
}
