import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Options } from 'tsup';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/** A file of a package below a `node_modules`: up to the package's folder, with its name. */
const PACKAGE_FOLDER = /^.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)(?=[\\/])/;
const LICENSE_FILE = /^licen[cs]e/i;

/** The packages whose files went into a build: name by folder. */
const bundled = new Map<string, string>();

/**
 * Writes the licences of the packages that are bundled into `file`: they ask to be kept with every copy. All builds of one
 * run write the same file, the last one all of it.
 */
export const thirdPartyLicenses = (file: string): Plugin => ({
  name: 'third-party-licenses',
  setup: (build) => {
    build.initialOptions.metafile = true;
    build.onEnd(({ metafile }) => {
      for (const input of Object.keys(metafile?.inputs ?? {})) {
        const [folder, name] = PACKAGE_FOLDER.exec(resolve(input)) ?? [];
        if (folder !== undefined && name !== undefined) bundled.set(folder, name);
      }
      const notices = [...bundled].map(([folder, name]) => noticeOf(name, folder));
      // The build that makes the folder may not have come so far.
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, notices.sort().join('\n'));
    });
  },
});

/** Throws where a package has no licence to be kept: it must not be bundled. */
function noticeOf(name: string, folder: string): string {
  const { version, license } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  ) as Record<string, string>;
  const found = readdirSync(folder).find((each) => LICENSE_FILE.test(each));
  if (found === undefined) throw new Error(`${name} has no licence file`);
  const text = readFileSync(join(folder, found), 'utf8').trim();
  return `## ${name} ${version ?? ''} (${license ?? ''})\n\n${text}\n`;
}
