import { ageText } from '@keelson/machinery';
import type { Table } from '@keelson/types';
import { orCannotFind } from '../resource/cannot-find.ts';
import type { Target } from '../resource/targets.ts';
import type { AnyObject } from '../types.ts';
import type { GetContext } from './get.ts';

const columnDefinitions = ['Name', 'Age'].map((name) => ({ name, type: 'string', format: '', description: '', priority: 0 }));

/** What is known of objects of any kind, without the server's tables: their names and ages. @param now milliseconds since the epoch. */
export function plainTable(objects: readonly AnyObject[], resourceVersion: string, now: number): Table {
  const rows = objects.map((object) => {
    const { name = '', creationTimestamp } = object.metadata;
    return { cells: [name, ageText(creationTimestamp, now)], object };
  });
  return { metadata: { resourceVersion }, columnDefinitions, rows };
}

/** `--server-print=false`: all pages of one target's objects as a plain table. */
export async function fetchPlain({ cluster, flags, shell }: GetContext, { mapping, namespace, name }: Target): Promise<Table> {
  if (name !== undefined) {
    const object = await cluster.api.get(mapping, { name, namespace });
    return plainTable([object], object.metadata.resourceVersion ?? '', shell.clock.now());
  }
  const query = { namespace, labelSelector: flags.selector, fieldSelector: flags['field-selector'], limit: flags['chunk-size'] };
  const objects: AnyObject[] = [];
  for (let token = ''; ; ) {
    const page: Awaited<ReturnType<typeof cluster.api.list<AnyObject>>> = await orCannotFind(mapping, query, () =>
      cluster.api.list(mapping, { ...query, ...(token ? { continue: token } : {}) }),
    );
    objects.push(...page.items);
    token = page.metadata.continue ?? '';
    if (token === '') return plainTable(objects, page.metadata.resourceVersion ?? '', shell.clock.now());
  }
}
