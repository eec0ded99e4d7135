/** What old files of a log are kept. */
export interface Backup {
  /** Its name, and how that ends. */
  readonly file: string;
  readonly extension: string;
  readonly maxBackups: number;
  /** Days. */
  readonly maxAge: number;
}

const day = 24 * 60 * 60 * 1000;

/** `audit-2026-01-02T15-04-05.000.log`: as upstream names what it puts aside; in UTC. */
export function backupName(file: string, extension: string, now: number): string {
  const stamp = new Date(now).toISOString().slice(0, -1).replaceAll(':', '-');
  return `${stem(file, extension)}-${stamp}${extension}`;
}

function stem(file: string, extension: string): string {
  return extension === '' ? file : file.slice(0, -extension.length);
}

/** Of the files of a folder, old files of the log of which there are too many, or that are too old. */
export function superseded(names: readonly string[], { file, extension, maxBackups, maxAge }: Backup, now: number): { name: string }[] {
  const prefix = `${stem(file, extension)}-`;
  const found = names
    .flatMap((name) => {
      const plain = name.endsWith('.gz') ? name.slice(0, -'.gz'.length) : name;
      if (!plain.startsWith(prefix) || !plain.endsWith(extension)) return [];
      const at = stampIn(plain.slice(prefix.length, plain.length - extension.length));
      return at === undefined ? [] : [{ name, at }];
    })
    .sort((a, b) => b.at - a.at);
  const oldest = maxAge > 0 ? now - maxAge * day : -Infinity;
  return found.filter(({ at }, i) => (maxBackups > 0 && i >= maxBackups) || at < oldest);
}

function stampIn(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d\.\d{3})$/.exec(text);
  if (!match) return undefined;
  const at = Date.parse(`${match[1]}T${match[2]}:${match[3]}:${match[4]}Z`);
  return Number.isNaN(at) ? undefined : at;
}
