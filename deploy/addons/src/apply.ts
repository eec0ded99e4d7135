import { readFile } from 'node:fs/promises';
import { type Api, ApiError, type KubeObject } from '@keelson/client';
import { allKinds, type Kind } from '@keelson/types';
import { parseAllDocuments } from 'yaml';
import { type Addon, addonsNamed } from './catalogue.ts';

/**
 * Creates the objects of the addons of these names, or brings those that are there to their manifests; what others added to them stays.
 * Does not wait for pods. @throws the API server's errors.
 */
export async function applyAddons(api: Api, names: readonly string[]): Promise<void> {
  // Documents of one addon in their order; addons do not depend on each other.
  await Promise.all(
    addonsNamed(names).map(async (addon) => {
      for (const object of await readManifests(addon)) await applyObject(api, object);
    }),
  );
}

/** The objects of an addon. @throws naming the file when it is no YAML of objects that Kubernetes has. */
export async function readManifests({ manifests }: Addon): Promise<readonly KubeObject[]> {
  const documents = parseAllDocuments(await readFile(manifests, 'utf8'));
  return documents.map((document) => {
    const [error] = document.errors;
    if (error) throw new Error(`${manifests}: ${error.message}`);
    const object = document.toJS() as KubeObject;
    if (!kindOf(object)) throw new Error(`${manifests}: no kind ${object.kind} in ${object.apiVersion}`);
    return object;
  });
}

async function applyObject(api: Api, object: KubeObject): Promise<void> {
  const kind = kindOf(object);
  if (!kind) throw new Error(`no kind ${object.kind} in ${object.apiVersion}`);
  try {
    await api.create(kind, object, { fieldManager });
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error;
    const { name = '', namespace } = object.metadata;
    await api.patch(kind, { name, namespace }, 'application/merge-patch+json', object, { fieldManager });
  }
}

const fieldManager = 'keelson-addons';

function kindOf({ apiVersion, kind }: KubeObject): Kind<KubeObject> | undefined {
  return allKinds.find((known) => known.apiVersion === apiVersion && known.kind === kind) as Kind<KubeObject> | undefined;
}
