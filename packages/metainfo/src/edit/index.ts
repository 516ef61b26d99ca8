export type { ListChange, TorrentChanges, TrackerChange } from './changes.ts';
export { editTorrent } from './edit-torrent.ts';
export type { EditedTorrent } from './edit-torrent.ts';
