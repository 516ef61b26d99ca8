import fc from 'fast-check';
import { foldName, rulesFor, safeComponent } from '../src/index.ts';

const linux = rulesFor('linux');
const windows = rulesFor('win32');

describe('safeComponent', () => {
  it.each([
    ['plain name.txt', 'plain name.txt'],
    ['日本語', '日本語'],
    ['...', '...'],
    ['.git', '.git'],
    ['~x', '~x'],
    ['%2e%2e%2f', '%2e%2e%2f'],
    ['V: The Name', 'V: The Name'],
    ['CON', 'CON'],
    ['a.', 'a.'],
    ['', '_'],
    ['.', undefined],
    ['..', undefined],
    ['.. ', '.._'],
    [' ', '_'],
    ['a/b', 'a_b'],
    ['a\\b', 'a_b'],
    ['a\0b\n\x1b[2J\x7f\x9b', 'a_b__[2J__'],
    ['x\u202Egpj.exe', 'x_gpj.exe'],
    ['\u05d0\u200F.txt', '\u05d0\u200F.txt'],
    ['C:', 'C_'],
    ['C:\\x', 'C__x'],
    ['\\\\host\\share', '__host_share'],
  ])('makes %p %p', (name, safe) => {
    expect(safeComponent(name, linux)).toBe(safe);
  });

  it.each([
    ['a<>:"|?*b', 'a_______b'],
    ['a. .', 'a___'],
    ['...', '___'],
    ['CON', '_ON'],
    ['nul.txt', '_ul.txt'],
    ['com¹', '_om¹'],
    ['LPT9 .x', '_PT9 .x'],
    ['console', 'console'],
  ])('makes %p %p on Windows', (name, safe) => {
    expect(safeComponent(name, windows)).toBe(safe);
  });

  it('cuts between characters and keeps the extension', () => {
    expect(safeComponent('n'.repeat(255), linux)).toBe('n'.repeat(255));
    expect(safeComponent('n'.repeat(256), linux)).toBe('n'.repeat(255));
    expect(safeComponent(`${'é'.repeat(200)}.tar`, linux)).toBe(`${'é'.repeat(125)}.tar`);
    expect(safeComponent('😀'.repeat(100), linux)).toBe('😀'.repeat(63));
    expect(safeComponent(`a.${'x'.repeat(300)}`, linux)).toBe(`a.${'x'.repeat(253)}`);
  });

  it('is not of dots and spaces only, where a longer one is cut to them', () => {
    const name = `. ${'.'.repeat(253)}`;
    expect(safeComponent(`${name}\0.`, rulesFor('linux'))).toBe(name.replace(' ', '_'));
  });

  it('is safe for any name, and changes nothing the second time', () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc
        .array(
          fc.constantFrom(
            '.',
            ' ',
            '/',
            '\\',
            ':',
            'C',
            'con',
            '\0',
            'é',
            '\u202e',
            '\u061c',
            '\u200f',
          ),
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(name, fc.constantFrom('linux', 'darwin', 'win32', 'any'), (input, platform) => {
        const rules = rulesFor(platform);
        const safe = safeComponent(Buffer.from(input).toString(), rules);
        if (safe === undefined) return;
        expect(safe).not.toMatch(/^(?:|\.|\.\.)$|[/\\\p{Cc}\u202A-\u202E\u2066-\u2069]/u);
        expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(255);
        expect(safeComponent(safe, rules)).toBe(safe);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('foldName', () => {
  it('ignores case, and Unicode forms where the platform does', () => {
    expect(foldName('STRASSE', linux)).toBe(foldName('straße', linux));
    expect(foldName('İ', linux)).toBe(foldName('i\u0307', linux));
    expect(foldName('é', linux)).not.toBe(foldName('e\u0301', linux));
    expect(foldName('É', windows)).toBe(foldName('e\u0301', windows));
    expect(foldName('A', rulesFor('linux', true))).toBe('A');
  });
});
