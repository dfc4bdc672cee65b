// A flow as a command line, to be copied into a shell.

/** A word as a POSIX shell reads it. */
export const quoted = word => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** `KEY=VALUE` of a setting: text as it is, everything else as JSON. */
const setting = ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`;

/**
 * The commands that do what a flow does. `flow`: source, sink, keyed (whether the sink has a primary key), columns (the SQL of the
 * source's columns, where the sink has others), modules with `name`, `file` (of one that is no stock module), `config`,
 * `policy`.
 */
export function command(server, flow) {
  const scan = ['thalweg', 'scan', flow.source, '--server', server, '--follow', '--start', 'latest', '--format', 'json'];
  const write = ['thalweg', flow.keyed ? 'upsert' : 'append', flow.sink, '-', '--server', server];
  if (flow.columns) write.push('--input-schema', flow.columns);
  const modules = flow.modules.map(module => [
    '--module', module.file ?? module.name, ...Object.entries(module.config).flatMap(entry => ['--set', setting(entry)]),
  ]);
  const policy = flow.modules.map(module => module.policy).find(policy => policy && policy !== 'fail');
  const lines = [write, ...modules, ...(policy ? [['--on-error', policy]] : [])];
  const text = words => words.map(quoted).join(' ');
  return `${text(scan)} |\n  ${lines.map(text).join(' \\\n    ')}`;
}
