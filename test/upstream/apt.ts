import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const folder = '/etc/apt/sources.list.d';

/**
 * An apt of its own in `dir`, which changes nothing of the machine's: its sources are the machine's Debian sources as `change` rewrites them.
 * Resolves to the environment in which apt's programs use it.
 */
export async function privateApt(dir: string, change: (sources: string) => string): Promise<Readonly<Record<string, string>>> {
  for (const name of ['lists/partial', 'cache/archives/partial', 'etc']) await mkdir(join(dir, name), { recursive: true });
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sources'));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  await writeFile(join(dir, 'etc/all.sources'), change(texts.join('\n\n')));
  const settings = {
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': join(dir, 'etc'),
    'Dir::State::lists': join(dir, 'lists'),
    'Dir::Cache': join(dir, 'cache'),
    'APT::Sandbox::User': 'root',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`);
  await writeFile(join(dir, 'apt.conf'), lines.join(''));
  return { APT_CONFIG: join(dir, 'apt.conf') };
}
