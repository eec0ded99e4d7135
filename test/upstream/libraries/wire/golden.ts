import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Form, KindName } from './ours.ts';

/** One object as upstream keeps it for its own tests: with every field set, in all forms. */
export interface Golden {
  readonly kind: KindName;
  /** The release it was written by; `HEAD` for 1.36. */
  readonly release: string;
  readonly forms: ReadonlyMap<Form, Buffer>;
}

const folders = ['k8s.io/api/testdata', 'k8s.io/apiextensions-apiserver/pkg/apis/testdata'];
const extensions: readonly (readonly [string, Form])[] = [
  ['.json', 'json'],
  ['.yaml', 'yaml'],
  ['.pb', 'protobuf'],
];

/** All of them, older releases' too. @param sources where upstream's libraries lie */
export async function goldenObjects(sources: string): Promise<readonly Golden[]> {
  const found: Golden[] = [];
  for (const folder of folders) {
    for (const release of (await readdir(join(sources, folder))).filter((name) => /^(HEAD|v\d)/.test(name)))
      found.push(...(await ofRelease(join(sources, folder, release), release)));
  }
  return found;
}

async function ofRelease(folder: string, release: string): Promise<readonly Golden[]> {
  const files = await readdir(folder);
  const names = files
    .filter((file) => file.endsWith('.json') && !file.includes('after_roundtrip'))
    .map((file) => file.slice(0, -'.json'.length));
  return Promise.all(
    names.map(async (name) => {
      const present = extensions.filter(([extension]) => files.includes(name + extension));
      const forms = present.map(
        async ([extension, form]): Promise<[Form, Buffer]> => [form, await readFile(join(folder, name + extension))],
      );
      return { kind: kindOf(name), release, forms: new Map(await Promise.all(forms)) };
    }),
  );
}

/** `apps.v1.Deployment` and `admission.k8s.io.v1.AdmissionReview`: the group may hold dots. */
function kindOf(name: string): KindName {
  const [, group = '', version = '', kind = ''] = /^(.*)\.(v\d\w*)\.(\w+)$/.exec(name) ?? [];
  return { apiVersion: group === 'core' ? version : `${group}/${version}`, kind };
}
