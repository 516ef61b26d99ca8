import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { World } from './world.ts';

/**
 * Where resume data is kept unless `--resume-dir` says otherwise: `$XDG_STATE_HOME/shoal/resume`, by default below
 * `~/.local/state`; `~/Library/Application Support` on macOS; `%LOCALAPPDATA%` on Windows.
 */
export function defaultResumeDirectory({ env, platform }: Pick<World, 'env' | 'platform'>): string {
  return join(stateDirectory(env, platform), 'shoal', 'resume');
}

function stateDirectory(env: World['env'], platform: NodeJS.Platform): string {
  const home = (platform === 'win32' ? env['USERPROFILE'] : env['HOME']) ?? homedir();
  if (platform === 'win32') return env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support');
  const state = env['XDG_STATE_HOME'];
  // The specification says that a relative path there is to be ignored.
  return state !== undefined && isAbsolute(state) ? state : join(home, '.local', 'state');
}
