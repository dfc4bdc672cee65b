//! What is tried in the browser, with the mouse, with files dropped, and with the keyboard alone.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use thalweg_tests::wait;

use super::tab::Tab;
use crate::node::Served;

/// A name, what is there before the page is opened, and what is tried.
pub(super) type Entry = (&'static str, fn(&Served) -> Result<()>, super::Case);

pub(super) const CASES: &[Entry] = &[
    ("browser_shows_tables_and_rows_as_they_come", flights, |served, tab| Box::pin(shows_rows(served, tab))),
    ("browser_shows_hostile_names_and_values_as_text", hostile, |_, tab| Box::pin(shows_text(tab))),
    ("browser_runs_a_dropped_module_and_puts_it_on_the_write_path", flights, |served, tab| {
        Box::pin(drops_a_module(served, tab))
    }),
    ("browser_says_what_is_wrong_with_a_module", flights, |_, tab| Box::pin(says_what_is_wrong(tab))),
    ("browser_looks_rows_up", keyed, |_, tab| Box::pin(looks_up(tab))),
    ("browser_serves_who_has_only_a_keyboard", flights, |served, tab| Box::pin(keyboard_alone(served, tab))),
    ("browser_fits_the_page_to_360_and_1600_pixels", both, |served, tab| Box::pin(fits(served, tab))),
];

/// The chain runs: the last 40 rows, and those that come from now on, go through it.
const READY: &str =
    "!document.getElementById('result').hidden && !document.getElementById('result').hasAttribute('aria-busy')";
const ROWS: &str = "document.querySelectorAll('#grid tbody tr').length";

fn append(served: &Served, table: &str, ids: std::ops::Range<i64>) -> Result<()> {
    let rows: String = ids
        .map(|id| format!("{{\"id\":{id},\"delay\":{},\"origin\":\"{}\"}}\n", id % 60, ["SEA", "PDX"][id as usize % 2]))
        .collect();
    served.run_with(&["append", table, "-", "--quiet"], &rows)?;
    Ok(())
}

fn flights(served: &Served) -> Result<()> {
    served.run(&["table", "create", "flights", "--schema", "id BIGINT NOT NULL, delay INT, origin STRING"])?;
    append(served, "flights", 0..40)
}

fn keyed(served: &Served) -> Result<()> {
    let schema = "code STRING NOT NULL, name STRING, height DECIMAL(7, 2), opened DATE";
    served.run(&["table", "create", "airports", "--schema", schema, "--primary-key", "code"])?;
    let rows = "{\"code\":\"SEA\",\"name\":\"Seattle\",\"height\":132.05,\"opened\":\"1949-07-09\"}\n{\"code\":\"PDX\",\"name\":null}\n";
    served.run_with(&["upsert", "airports", "-", "--quiet"], rows)?;
    Ok(())
}

fn both(served: &Served) -> Result<()> {
    flights(served)?;
    keyed(served)
}

fn hostile(served: &Served) -> Result<()> {
    served.run(&["table", "create", "hostile", "--schema", "`<img src=x onerror=alert(1)>` STRING, `a\"b'c` INT"])?;
    let value = "<script>document.title='taken'</script>\\u202egpj.exe\\u0000\\u0007";
    let rows = format!("{{\"<img src=x onerror=alert(1)>\":\"{value}\",\"a\\\"b'c\":1}}\n");
    served.run_with(&["append", "hostile", "-", "--quiet"], &rows)?;
    Ok(())
}

/// Waits until a table is shown with rows.
async fn shown(tab: &mut Tab, table: &str) -> Result<()> {
    tab.until(&format!("document.querySelector('#tables [data-table=\"fluss.{table}\"]')")).await?;
    if tab.eval("document.getElementById('rows-title').textContent").await? != table {
        tab.click(&format!("#tables [data-table=\"fluss.{table}\"] button")).await?;
    }
    tab.until(&format!("document.getElementById('rows-title').textContent === {} && {ROWS}", json!(table))).await?;
    Ok(())
}

/// The text of the grid's cells in the row that has this text.
fn row_with(text: &str) -> String {
    format!(
        "[...document.querySelectorAll('#grid tbody tr')].map(row => [...row.cells].map(cell => cell.textContent))\
         .find(row => row.includes({})) ?? null",
        json!(text)
    )
}

async fn shows_rows(served: &Served, tab: &mut Tab) -> Result<()> {
    shown(tab, "flights").await?;
    tab.until(&row_with("39")).await?;
    append(served, "flights", 1000..1010)?;
    let row = tab.until(&row_with("1009")).await?;
    ensure!(row == json!(["1009", "49", "PDX"]), "{row}");
    // The newest on top.
    tab.until("document.querySelector('#grid tbody tr').cells[0].textContent === '1009'").await?;
    // Paused, nothing moves; then it catches up.
    tab.click("#pause").await?;
    append(served, "flights", 2000..2001)?;
    tab.until("document.querySelector('#tables .count').textContent === '51'").await?;
    ensure!(tab.eval(&row_with("2000")).await?.is_null(), "it moves while it is paused");
    tab.click("#pause").await?;
    tab.until(&row_with("2000")).await?;
    // A table that comes later is found.
    served.run(&["table", "create", "later", "--schema", "x INT"])?;
    tab.until("document.querySelector('#tables [data-table=\"fluss.later\"]')").await?;
    Ok(())
}

async fn shows_text(tab: &mut Tab) -> Result<()> {
    shown(tab, "hostile").await?;
    let cell = tab.until("document.querySelector('#grid tbody td')?.textContent ?? null").await?;
    ensure!(cell == "<script>document.title='taken'</script>\\u{202e}gpj.exe\\u{0}\\u{7}", "{cell}");
    let head = tab.eval("document.querySelector('#grid thead th').firstChild.textContent").await?;
    ensure!(head == "<img src=x onerror=alert(1)>", "{head}");
    ensure!(
        tab.eval("document.title !== 'taken' && document.querySelectorAll('main img, main script').length === 0")
            .await?
            == true
    );
    Ok(())
}

async fn drops_a_module(served: &Served, tab: &mut Tab) -> Result<()> {
    shown(tab, "flights").await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("mine.wasm");
    std::fs::write(&file, crate::flows::where_module()?)?;
    tab.drop_file("#drop", &file).await?;
    // Its form, from what it says of its parameters.
    tab.until("document.querySelector('#settings legend')?.textContent === 'mine'").await?;
    tab.click("#settings input").await?;
    tab.type_text("delay >= 30").await?;
    tab.until(READY).await?;
    append(served, "flights", 100..160)?;
    tab.until("document.querySelector('#figures .kept .value').textContent !== '0'").await?;
    let late = tab.until(&row_with("159")).await?;
    ensure!(late == json!(["kept", "159", "39", "PDX"]), "{late}");
    let early = tab.until(&row_with("125")).await?;
    ensure!(early == json!(["left outby mine", "125", "5", "PDX"]), "{early}");
    // A second module, which changes what goes on.
    tab.eval("document.getElementById('stock').value = 'scale'").await?;
    tab.click("#add").await?;
    tab.until("document.querySelector('#settings legend')?.textContent === 'scale'").await?;
    for (field, text) in [(1, "delay"), (2, "10")] {
        tab.click(&format!("#settings .field:nth-of-type({field}) input")).await?;
        tab.type_text(text).await?;
    }
    tab.until(READY).await?;
    append(served, "flights", 200..230)?;
    let changed = tab.until(&row_with("217")).await?;
    ensure!(changed == json!(["kept", "217", "37370", "PDX"]), "{changed}");
    let command = tab.eval("document.getElementById('command').textContent").await?;
    let command = command.as_str().unwrap_or_default();
    ensure!(command.contains("--module mine.wasm --set 'if=delay >= 30'"), "{command}");
    // One button puts it on the write path.
    tab.eval("document.getElementById('sink').value = ''").await?;
    tab.click("#sink").await?;
    tab.type_text("late").await?;
    tab.click("#put").await?;
    tab.until("document.querySelector('.card .badge')?.textContent === 'running'").await?;
    append(served, "flights", 300..360)?;
    tab.until("document.querySelector('.card .kept .value').textContent === '30'").await?;
    let rows = wait::until(
        Duration::from_secs(20),
        || Ok(Some(served.run(&["scan", "late"])?).filter(|rows| rows.lines().count() == 30)),
        || "the rows are not in the table".to_owned(),
    )?;
    ensure!(rows.contains("\"delay\":590"), "{rows}");
    tab.click(".card .title button").await?;
    tab.until("document.querySelector('.card .badge')?.textContent === 'stopped'").await?;
    Ok(())
}

async fn says_what_is_wrong(tab: &mut Tab) -> Result<()> {
    shown(tab, "flights").await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("<b>none.wasm");
    std::fs::write(&file, b"no wasm at all")?;
    tab.drop_file("#drop", &file).await?;
    let problem = "document.getElementById('try-problem').textContent";
    tab.until(&format!("{problem}.includes('<b>none.wasm')")).await?;
    // The refused request is the browser's only complaint.
    tab.forgive();
    tab.eval("document.getElementById('stock').value = 'where'").await?;
    tab.click("#add").await?;
    tab.until("document.querySelector('#settings legend')?.textContent === 'where'").await?;
    tab.click("#settings input").await?;
    tab.type_text("dely > 3").await?;
    tab.until(&format!("{problem}.includes('dely')")).await?;
    ensure!(tab.eval("document.getElementById('result').hidden").await? == true, "it is offered all the same");
    // Mended, it runs.
    tab.eval("document.querySelector('#settings input').select()").await?;
    tab.type_text("delay > 3").await?;
    tab.until(&format!("{READY} && document.getElementById('try-problem').hidden")).await?;
    Ok(())
}

async fn looks_up(tab: &mut Tab) -> Result<()> {
    tab.until("document.getElementById('lookup')?.hidden === false").await?;
    tab.click("#lookup-fields input").await?;
    tab.type_text("SEA").await?;
    tab.press("Enter", false).await?;
    let found = "[...document.querySelectorAll('#lookup-result dd')].map(cell => cell.textContent)";
    tab.until(&format!("{found}.length === 4")).await?;
    let cells = tab.eval(found).await?;
    ensure!(cells == json!(["SEA", "Seattle", "132.05", "1949-07-09"]), "{cells}");
    tab.eval("document.querySelector('#lookup-fields input').select()").await?;
    tab.type_text("JFK").await?;
    tab.press("Enter", false).await?;
    tab.until("document.getElementById('lookup-result').textContent.includes('no row')").await?;
    Ok(())
}

async fn keyboard_alone(served: &Served, tab: &mut Tab) -> Result<()> {
    served.run(&["table", "create", "other", "--schema", "x INT"])?;
    shown(tab, "flights").await?;
    tab.until("document.querySelectorAll('#tables li').length === 2").await?;
    tab.eval("document.activeElement.blur()").await?;
    // First comes the link that skips what is above the rows; what has the focus shows it.
    tab.walk_to(".skip").await?;
    tab.walk_to("[data-table=\"fluss.other\"] button").await?;
    let outline = tab.eval("getComputedStyle(document.activeElement).outlineStyle").await?;
    ensure!(outline == "solid", "the focus cannot be seen: {outline}");
    tab.press("Enter", false).await?;
    tab.until("document.getElementById('rows-title').textContent === 'other'").await?;
    tab.eval("document.querySelector('[data-table=\"fluss.flights\"] button').focus()").await?;
    tab.press("Enter", false).await?;
    tab.until(&format!("document.getElementById('rows-title').textContent === 'flights' && {ROWS}")).await?;
    tab.walk_to("#stock").await?;
    tab.press("ArrowDown", false).await?;
    tab.until("document.getElementById('stock').value === 'where'").await?;
    tab.walk_to("#add").await?;
    tab.press("Enter", false).await?;
    // The form has the focus when it comes.
    tab.until("document.activeElement.matches('#settings input')").await?;
    tab.type_text("delay < 10").await?;
    tab.until(READY).await?;
    append(served, "flights", 0..30)?;
    tab.until("document.querySelector('#figures .kept .value').textContent !== '0'").await?;
    tab.walk_to("#put").await?;
    tab.press("Enter", false).await?;
    tab.until("document.querySelector('.card .badge')?.textContent === 'running'").await?;
    tab.walk_to(".card .title button").await?;
    tab.press(" ", false).await?;
    tab.until("document.querySelector('.card .badge')?.textContent === 'stopped'").await?;
    // Everything that can be reached has a name.
    let nameless = tab
        .eval(
            "[...document.querySelectorAll('button, input, select, textarea, a')].filter(it => it.checkVisibility() && \
               !(it.textContent.trim() || it.getAttribute('aria-label') || it.labels?.length)).map(it => it.outerHTML)",
        )
        .await?;
    ensure!(nameless == json!([]), "{nameless}");
    Ok(())
}

async fn fits(served: &Served, tab: &mut Tab) -> Result<()> {
    shown(tab, "flights").await?;
    tab.eval("document.getElementById('stock').value = 'where'").await?;
    tab.click("#add").await?;
    tab.until("document.querySelector('#settings legend')?.textContent === 'where'").await?;
    tab.click("#settings input").await?;
    tab.type_text("delay > 20").await?;
    tab.until(READY).await?;
    tab.click("#put").await?;
    tab.until("document.querySelector('.card .badge')?.textContent === 'running'").await?;
    for part in 0..12 {
        append(served, "flights", 60 * part..60 * (part + 1))?;
    }
    tab.until("document.querySelector('.card .kept .value').textContent !== '0'").await?;
    tab.until("document.querySelector('#figures .kept .value').textContent !== '0'").await?;
    for (width, scheme) in [(360, "light"), (360, "dark"), (900, "light"), (1600, "light"), (1600, "dark")] {
        tab.look_like(width, scheme).await?;
        let dark = tab.eval("getComputedStyle(document.body).backgroundColor").await?;
        ensure!((dark == "rgb(16, 22, 21)") == (scheme == "dark"), "{scheme}: {dark}");
        let beyond = "[...document.querySelectorAll('body *')].filter(it => it.checkVisibility() && !it.closest('.scroll, .skip') && \
                      it.getBoundingClientRect().right > innerWidth + 1).map(it => it.outerHTML.slice(0, 80))";
        let beyond = tab.eval(beyond).await?;
        ensure!(beyond == json!([]), "at {width}: {beyond}");
        tab.screenshot(&format!("{width}-{scheme}")).await?;
    }
    Ok(())
}
