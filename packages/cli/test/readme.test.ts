import { readFileSync } from 'node:fs';
import { parseCommandLine } from '../src/command-line.ts';
import { commands } from '../src/commands/index.ts';
import { ExitCode } from '../src/exit-codes.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const readme = read('../README.md');

/** The README's text from one heading to the next. */
function section(heading: string): string {
  const start = readme.indexOf(heading);
  if (start < 0) throw new Error(`the README has no "${heading}"`);
  const end = readme.indexOf('\n##', start + heading.length);
  return readme.slice(start, end < 0 ? undefined : end);
}

/** Options a text names, without values: `--port`, `-o`. */
function optionsIn(text: string): Set<string> {
  const found = text.matchAll(/(?<![\w-])(--[a-z][\w-]*|-[a-z])(?![\w-])/g);
  return new Set(Array.from(found, ([, option = '']) => option));
}

/** The other names of switches that are on by default. */
const NEGATED = new Map([
  ['--no-resume', '--resume'],
  ['--no-reuse', '--reuse'],
  ['--no-pex', '--pex'],
  ['--no-lsd', '--lsd'],
  ['--no-dht', '--dht'],
  ['--no-check', '--check'],
  ['--no-read-only', '--read-only'],
  ['--no-date', '--date'],
  ['--no-private', '--private'],
  ['--no-web-seeds', '--web-seeds'],
  ['--no-http', '--http'],
  ['--no-udp', '--udp'],
]);

describe('the README', () => {
  it.each(commands)('lists the options that $name --help lists, and no others', async (command) => {
    const request = await parseCommandLine([command.name, '--help'], 200);
    const help = 'output' in request ? request.output : '';
    const listed = help.slice(0, help.indexOf('Examples:')).split('\n');
    const offered = optionsIn(
      listed.map((line) => /^ +((-\w, )?--[\w-]+)/.exec(line)?.[1] ?? '').join(' '),
    );
    for (const common of ['--help', '--version', '-h']) offered.delete(common);

    let documented = optionsIn(section(`### \`shoal ${command.usage}\``));
    if (command.name === 'download' || command.name === 'seed') {
      documented = new Set([
        ...documented,
        ...optionsIn(section('### Options of `download` and `seed`')),
      ]);
    }
    for (const [negated, option] of NEGATED) {
      if (documented.delete(negated)) documented.add(option);
    }
    expect([...documented].sort()).toEqual([...offered].sort());
    expect(offered.size).toBeGreaterThan(1);
  });

  it('names every command and its arguments', () => {
    for (const { usage } of commands) expect(readme).toContain(`\`shoal ${usage}\``);
  });

  it('names every exit code', () => {
    const codes = Array.from(section('## Exit codes').matchAll(/^\| (\d+) /gm), ([, code]) =>
      Number(code),
    );
    expect(codes).toEqual(Object.values(ExitCode).sort((a, b) => a - b));
  });

  it('names every event and error code', () => {
    const source = read('../src/terminal/json-view.ts');
    const events = Array.from(source.matchAll(/#write\('(\w+)'/g), ([, event]) => event);
    expect(events.length).toBeGreaterThan(4);
    for (const event of [...events, 'warning', 'error']) {
      expect(section('## JSON')).toContain(`\`${event ?? ''}\``);
    }
    for (const [, code] of read('../src/errors.ts').matchAll(/\| '(ERR_CLI_\w+)'/g)) {
      expect(section('## Error codes')).toContain(code);
    }
  });
});
