import { errorMessage } from '@keelson/base';
import { type Api, ApiError, type WriteOptions } from '@keelson/client';
import { resourceText } from '../resource/mapper.ts';
import type { Target } from '../resource/targets.ts';
import type { AnyObject } from '../types.ts';
import { annotationKeeper, migratedAccount, serverSideManager } from './migrate.ts';

const applyType = 'application/apply-patch+yaml';
const jsonType = 'application/json-patch+json';
const migrationTries = 5;

/** A manifest and where it stands. */
export type Manifest = Target & { readonly local: AnyObject; readonly source: string };

export interface ServerSideOptions extends WriteOptions {
  readonly fieldManager: string;
  readonly force: boolean;
}

/** The manager an apply goes by: server-side applies have another name than client-side ones, unless one is given. */
export function managerOf(given: string, isGiven: boolean, serverSide: boolean): string {
  return serverSide && !isGiven ? serverSideManager : given;
}

/**
 * Applies a manifest on the server. What client-side apply owned before goes over to the manager; `warn` hears where that fails, which
 * leaves the apply itself done.
 * @throws Error with what to do about conflicts; ApiError for anything else.
 */
export async function applyOnServer(
  api: Api,
  manifest: Manifest,
  options: ServerSideOptions,
  warn: (text: string) => void,
): Promise<AnyObject> {
  const applied = await applyOnce(api, manifest, options);
  if (options.dryRun) return applied;
  try {
    await keepAnnotation(api, manifest, applied, options);
  } catch (error) {
    warn(`Warning: failed to save the last-applied annotation for client-side apply: ${errorMessage(error)}`);
    return applied;
  }
  try {
    if (!(await migrate(api, manifest, applied, options.fieldManager))) return applied;
  } catch (error) {
    warn(`Warning: server rejected managed fields migration to server-side apply. Try again: ${errorMessage(error)}`);
    return applied;
  }
  // What the manifest dropped before the migration can go now.
  return applyOnce(api, manifest, options);
}

async function applyOnce(api: Api, { mapping, name = '', namespace, local }: Manifest, options: ServerSideOptions): Promise<AnyObject> {
  try {
    return await api.patch(mapping, { name, namespace }, applyType, local, options);
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'Conflict') throw error;
    const hint =
      'To take these fields over, apply again with --force-conflicts; to leave them to their managers, remove them from the manifest of';
    throw new Error(`${error.message}\n${hint} ${resourceText(mapping)}/${name}.`);
  }
}

async function keepAnnotation(
  api: Api,
  { mapping, name = '', namespace }: Manifest,
  applied: AnyObject,
  { fieldManager }: WriteOptions,
): Promise<void> {
  const keeper = fieldManager === serverSideManager ? annotationKeeper(applied) : undefined;
  if (!keeper) return;
  await api.patch(mapping, { name, namespace }, applyType, keeper.config, { fieldManager: keeper.manager });
}

/** Hands over what client-side apply owned. False when that is nothing. */
async function migrate(api: Api, { mapping, name = '', namespace }: Manifest, applied: AnyObject, manager: string): Promise<boolean> {
  if (!migratedAccount(applied.metadata.managedFields ?? [], manager)) return false;
  for (let attempt = 1; ; attempt++) {
    const { metadata } = await api.get(mapping, { name, namespace });
    const account = migratedAccount(metadata.managedFields ?? [], manager);
    if (!account) return false;
    const patch = [
      { op: 'replace', path: '/metadata/managedFields', value: account },
      { op: 'replace', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
    ];
    try {
      await api.patch(mapping, { name, namespace }, jsonType, patch);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError) || error.reason !== 'Conflict' || attempt === migrationTries) throw error;
    }
  }
}
