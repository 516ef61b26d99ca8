// @ts-check
/** @import { Area, Entry } from '../lib/types.mjs' */

const EXCLUDE = 'packages/cli/src/run/exclude.ts';
const CREATE_TEST = 'packages/cli/test/create-options.test.ts';
const PLAIN_TEXT = 'packages/cli/src/terminal/plain-text.ts';
const TERMINAL_TEST = 'packages/cli/test/terminal.test.ts';
const OUTSIDE_TEST = 'packages/cli/test/outside-text.test.ts';
const FETCH = 'packages/cli/src/fetch-torrent.ts';
const SOURCES_TEST = 'packages/cli/test/sources.test.ts';

/** @type {readonly Entry[]} */
const entries = [
  {
    id: 'terminal-escapes',
    input:
      'Terminal escapes in names, comments, messages of trackers and whatever else comes from outside',
    guard: 'They are taken out of all that is printed',
    test: TERMINAL_TEST,
    name: 'plainText leaves no control character in any text',
    remove: {
      file: PLAIN_TEXT,
      text: "return stripVTControlCharacters(text).replace(CONTROL, '').replace(BIDI, '');",
      by: "return stripVTControlCharacters(text).replace(BIDI, '');",
    },
  },
  {
    id: 'terminal-direction',
    input: 'Marks that turn the direction of text, so that a name poses as another',
    guard: 'The same',
    test: TERMINAL_TEST,
    name: 'plainText "gpj.\u202eexe" becomes "gpj.exe"',
    remove: {
      file: PLAIN_TEXT,
      text: "return stripVTControlCharacters(text).replace(CONTROL, '').replace(BIDI, '');",
      by: "return stripVTControlCharacters(text).replace(CONTROL, '');",
    },
  },
  {
    id: 'terminal-json',
    input: 'The same in JSON, which leaves some of them as they are',
    guard: 'They are escaped',
    test: OUTSIDE_TEST,
    name: 'what comes from outside puts no control character into the output of any command, with ["--json"]',
    remove: {
      file: PLAIN_TEXT,
      text: 'return `${JSON.stringify(value).replace(CONTROL_IN_JSON, escape)}\\n`;',
      by: "return `${JSON.stringify(value)}${escape('').slice(0, 0)}\\n`;",
    },
  },
  {
    id: 'terminal-any-command',
    input:
      'Every text of a torrent, a link, a tracker, a file name, in the output of every command',
    guard: 'The same for all of them',
    test: OUTSIDE_TEST,
    name: 'what comes from outside puts no control character into the output of any command, with []',
    remove: {
      file: 'packages/cli/src/run/list-files.ts',
      text: 'const path = plainText(columns.pathOf(index));',
      by: 'const path = columns.pathOf(index);',
    },
  },
  {
    id: 'terminal-bars',
    input: 'The same while bars are drawn, which use escapes of their own',
    guard: 'The same',
    test: OUTSIDE_TEST,
    name: 'what comes from outside puts none that is not its own on a terminal',
    remove: [
      {
        file: 'packages/cli/src/terminal/bar-view.ts',
        text: 'if (this.#drawing) this.#multiBar.log(`shoal: ${plainText(message)}\\n`);',
        by: 'if (this.#drawing) this.#multiBar.log(`shoal: ${message}\\n`);',
      },
      {
        file: 'packages/cli/src/terminal/quiet-view.ts',
        text: 'this.world.stderr.write(`shoal: ${plainText(message)}\\n`);',
        by: 'this.world.stderr.write(`shoal: ${message}\\n`);',
      },
    ],
  },
  {
    id: 'terminal-error',
    input: 'Terminal escapes in an argument, which an error message repeats',
    guard: 'The same',
    test: 'packages/cli/test/command-line.test.ts',
    name: 'the command line strips what an argument could do to a terminal from the error',
    remove: {
      file: 'packages/cli/src/main.ts',
      text: '${plainText(`${defect}${messageOf(error)}${hint}`)}',
      by: '${`${defect}${messageOf(error)}${hint}`}',
    },
  },
  {
    id: 'terminal-dht',
    input: 'Items of the DHT, which anybody can store, as they are shown',
    guard: 'The same',
    test: OUTSIDE_TEST,
    name: 'what comes from outside of the DHT is shown without them',
    remove: {
      file: 'packages/cli/src/run/dht-items.ts',
      text: 'plainText(args.bencoded ? bencode : (text ?? bencode))',
      by: '(args.bencoded ? bencode : (text ?? bencode))',
    },
  },
  {
    id: 'argument-option',
    input: 'A link or name that begins as an option, handed over by another program',
    guard: 'What stands behind `--` is a name, whatever it looks like',
    test: 'packages/cli/test/command-line.test.ts',
    name: 'the command line takes what stands behind -- as names, whatever they look like',
    remove: {
      file: 'packages/cli/src/command-line.ts',
      text: '(/^(?:-.|true$|false$)/.test(arg) ? `./${arg}` : arg)',
      by: '(/^(?:true$|false$)/.test(arg) ? `./${arg}` : arg)',
    },
  },
  {
    id: 'argument-selection',
    input: 'A list of files of billions: `--select 0-999999999`',
    guard: 'A limit of a million, before anything is made of it',
    test: 'packages/cli/test/parse.test.ts',
    name: 'file selections refuses "0-999999999"',
    remove: {
      file: 'packages/cli/src/parse/select.ts',
      text: 'if (!(from <= to) || indices.size + to - from >= MOST_INDICES) {',
      by: 'if (!(from <= to)) {',
    },
  },
  {
    id: 'argument-link-peers',
    input: 'Peers of a magnet link whose names lead nowhere',
    guard: 'They are left out, and the others asked',
    test: 'packages/cli/test/magnet.test.ts',
    name: 'shoal download of a magnet link leaves out peers whose names lead nowhere',
    remove: {
      file: 'packages/cli/src/run/load-magnet.ts',
      text: 'if (!(error instanceof CliError)) throw error;',
      by: 'throw error;',
    },
  },
  {
    id: 'pattern-backslashes',
    input: 'A pattern that ends in four backslashes, which the library for patterns reads for ever',
    guard: 'Refused: no more than three in a row',
    test: CREATE_TEST,
    name: 'patterns refuses one that could take for ever: *\\\\\\\\\\/',
    remove: {
      file: EXCLUDE,
      text: "if (bare.includes('\\\\\\\\\\\\\\\\'))",
      by: "if (bare.includes('\\0'))",
    },
  },
  {
    id: 'pattern-stars',
    input: 'A pattern of many `*`, which can be laid over a name in as many ways',
    guard: 'Refused from five in a name on',
    test: CREATE_TEST,
    name: 'patterns refuses one that could take for ever: *a*a*a*a*a',
    remove: {
      file: EXCLUDE,
      text: "if (waysOf(bare) > MAX_WAYS) return 'this one has too many * and {}';",
      by: '',
    },
  },
  {
    id: 'pattern-folders',
    input: 'The same with `**`, over the folders of a path',
    guard: 'They count for every name',
    test: CREATE_TEST,
    name: 'patterns refuses one that could take for ever: **/**/**/**/**/',
    remove: {
      file: EXCLUDE,
      text: "else if (part.startsWith('**')) folders++;",
      by: "else if (part.startsWith('**')) folders += 0;",
    },
  },
  {
    id: 'pattern-slashes',
    input: 'The same with slashes that are in braces or brackets, and separate nothing',
    guard: 'They do not count as separating',
    test: CREATE_TEST,
    name: 'patterns refuses one that could take for ever: *{/,a}*{/,a}*{/,a}*{/,a}*{/,a}',
    remove: {
      file: EXCLUDE,
      text: "else if (part === '/' && open.length === 0) stars = 0;",
      by: "else if (part === '/') stars = 0;",
    },
  },
  {
    id: 'pattern-braces',
    input: 'Alternatives behind alternatives: `{a,aa}{a,aa}…`',
    guard: 'They multiply, and the product has a limit',
    test: CREATE_TEST,
    name: 'patterns refuses one that could take for ever: {a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}',
    remove: {
      file: EXCLUDE,
      text: "else if (part === '}') choices *= open.pop() ?? 1;",
      by: "else if (part === '}') open.pop();",
    },
  },
  {
    id: 'pattern-repetition',
    input: 'Groups that are repeated, one in the other: `(a|aa)+`, `+(+(a))`',
    guard: 'Parentheses and `+` are letters of a name',
    test: CREATE_TEST,
    name: 'patterns takes parentheses and signs as they are, so that nothing is repeated',
    remove: [
      {
        file: EXCLUDE,
        text: 'const matches = picomatch(escapeSigns(bare), {',
        by: 'const matches = picomatch(bare, {',
      },
      {
        file: EXCLUDE,
        text: '    noextglob: true,\n    // For [!abc], which is how shells spell it.\n    posix: true,\n    // A + is no repetition, whatever it stands behind.\n    regex: false,\n',
        by: '',
      },
    ],
  },
  {
    id: 'pattern-long',
    input: 'A pattern of kilobytes, of braces in braces',
    guard: 'A limit of 1,024 characters',
    test: CREATE_TEST,
    name: 'patterns refuses one of kilobytes',
    remove: {
      file: EXCLUDE,
      text: 'if (bare.length > MAX_LENGTH) return `this one is longer than ${MAX_LENGTH} characters`;',
      by: '',
    },
  },
  {
    id: 'address-credentials',
    input: 'The address of a .torrent file whose server redirects elsewhere, to get its password',
    guard: 'Credentials go to their own origin only',
    test: SOURCES_TEST,
    name: 'a torrent from an address gets the credentials of its address, and no other origin does',
    remove: [
      {
        file: FETCH,
        text: "target.username = isSame ? from.username : '';",
        by: 'target.username = from.username;',
      },
      {
        file: FETCH,
        text: "target.password = isSame ? from.password : '';",
        by: 'target.password = from.password;',
      },
    ],
  },
  {
    id: 'address-redirect-credentials',
    input: 'A redirect that brings credentials of its own',
    guard: 'None are taken from it',
    test: SOURCES_TEST,
    name: 'a torrent from an address gets the credentials of its address, and no other origin does',
    remove: [
      { file: FETCH, text: "target.username = isSame ? from.username : '';", by: '' },
      { file: FETCH, text: "target.password = isSame ? from.password : '';", by: '' },
    ],
  },
  {
    id: 'address-redirect-circle',
    input: 'An address of a .torrent file that redirects for ever',
    guard: 'A limit of five',
    test: SOURCES_TEST,
    name: 'a torrent from an address a redirect loop ends with 5, without user name and query in the message',
    remove: {
      file: FETCH,
      text: 'for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {',
      by: 'for (let redirects = 0; redirects >= 0; redirects++) {',
    },
  },
  {
    id: 'address-secrets',
    input:
      'A password or a passkey in an address that cannot be reached, in a message that may end in a log',
    guard: 'Only host and path are told',
    test: SOURCES_TEST,
    name: 'a torrent from an address a status ends with 5, without user name and query in the message',
    remove: {
      file: FETCH,
      text: 'const shown = `${url.protocol}//${url.host}${url.pathname}`;',
      by: 'const shown = url.href;',
    },
  },
  {
    id: 'disk-hangs-at-the-end',
    input: 'A disk that hangs while the process is to end',
    guard: 'It ends by the signal, which waits for no thread',
    test: 'packages/cli/test/end-process.test.ts',
    name: 'endProcess ends by the signal that was the reason, though a thread hangs in a call of the system',
    remove: {
      file: 'packages/cli/src/end-process.ts',
      text: 'if (signal !== undefined) {',
      by: "if (signal === 'SIGKILL') {",
    },
  },
];

/** @type {Area} */
export const commandLine = {
  name: 'command-line',
  title: 'The command line and the terminal',
  entries,
};
