/** Child of the crash test: 64 writers until killed, each acknowledged write printed as `key revision value;`. */
import { createEtcdStore } from '../etcd/etcd.ts';
import { createSqliteStore } from '../sqlite/sqlite.ts';
import type { WriterTarget } from './crash.ts';

const target = JSON.parse(process.argv[2] ?? '') as WriterTarget;
const round = process.argv[3];
const store =
  target.kind === 'sqlite' ? await createSqliteStore({ path: target.path }) : await createEtcdStore({ endpoints: [target.endpoint] });

async function write(id: number): Promise<void> {
  for (let i = 0; ; i++) {
    const key = `/crash/${round}/${id}/${i}`;
    const value = `${round}-${id}-${i}`;
    const revision = await store.create(key, Buffer.from(value.padEnd(2_000)));
    process.stdout.write(`${key} ${revision} ${value};\n`);
  }
}

await Promise.all(Array.from({ length: 64 }, (_, id) => write(id)));
