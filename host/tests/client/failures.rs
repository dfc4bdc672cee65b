//! Servers that are not there, do not answer, or go away.

use std::time::Duration;

use thalweg::client::{Client, ScanOptions};
use tokio::net::TcpListener;

use crate::rig::{ENGINES, Served, append, connect, create, ids, options, rows, scan, serve, start_node, within};

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_connection_names_the_address() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    for engine in ENGINES {
        let error = within(Client::connect(options(&address, engine))).await.unwrap_err();
        assert!(error.is_retriable());
        let text = error.to_string();
        assert!(text.contains(&address) && text.contains("refused"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_answers_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let _server = tokio::spawn(async move {
        let mut sockets = Vec::new();
        while let Ok((socket, _)) = listener.accept().await {
            sockets.push(socket);
        }
    });
    for engine in ENGINES {
        let mut options = options(&address, engine);
        options.settings.connection.connect_timeout = Duration::from_millis(300);
        let started = tokio::time::Instant::now();
        let text = within(Client::connect(options)).await.unwrap_err().to_string();
        // Compiling the engine may take a while; without this limit it would be the request timeout of 30 s.
        assert!(started.elapsed() < Duration::from_secs(20));
        assert!(text.contains(&address) && text.contains("does not answer"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_no_host_is_named() {
    let text = within(Client::connect(options("no-such-host.invalid:1", ENGINES[0]))).await.unwrap_err().to_string();
    assert!(text.contains("no-such-host.invalid:1"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_that_answers_is_enough() {
    let served = serve().await;
    let refused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    for engine in ENGINES {
        let mut options = options(&refused, engine);
        options.settings.connection.bootstrap.push(served.address.clone());
        let client = within(Client::connect(options)).await.unwrap();
        assert!(within(client.list_databases()).await.unwrap().contains(&"fluss".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_refuses_has_its_reason() {
    let served = serve().await;
    for engine in ENGINES {
        let client = connect(&served.address, engine).await;
        let error = within(client.table(&crate::rig::path("nobody"))).await.unwrap_err();
        assert!(error.to_string().contains("nobody") && !error.is_retriable(), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_go_on_when_a_server_comes_back() {
    for engine in ENGINES {
        let Served { address, node, folder } = serve().await;
        let client = connect(&address, engine).await;
        let table = create(&client, "back", 2, &[]).await;
        append(&table, rows(0..100)).await;
        node.shutdown().await.unwrap();
        // Taken while nobody is there.
        let pending = within(table.append(rows(100..200))).await.unwrap();
        // The client comes and finds nobody who answers.
        let listener = TcpListener::bind(&address).await.unwrap();
        drop(within(listener.accept()).await.unwrap());
        drop(listener);
        let _node = start_node(&folder, &address).await;
        let outcome = within(pending).await;
        assert_eq!(outcome.acknowledged(), 100, "{:?}", outcome.first_failure());
        append(&table, rows(200..300)).await;
        assert_eq!(ids(&scan(&table, ScanOptions::default()).await), (0..300).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_for_a_server_that_stays_away_get_a_fate() {
    for engine in ENGINES {
        let served = serve().await;
        let mut options = options(&served.address, engine);
        options.settings.write.delivery_timeout = Duration::from_millis(500);
        let client = within(Client::connect(options)).await.unwrap();
        let table = create(&client, "away", 1, &[]).await;
        append(&table, rows(0..10)).await;
        served.node.shutdown().await.unwrap();
        let outcome = within(within(table.append(rows(10..20))).await.unwrap()).await;
        assert_eq!((outcome.acknowledged(), outcome.failed() + outcome.unknown()), (0, 10));
        let counts = within(client.close(Duration::from_millis(200))).await.unwrap();
        assert_eq!((counts.acknowledged, counts.failed + counts.unknown), (10, 10));
    }
}
