/** Folders that the dynamic loader of this process searches first. */
export function libraryFolders(): string[] {
  return (process.env['LD_LIBRARY_PATH'] ?? '').split(/[:;]/).filter((folder) => folder !== '');
}
