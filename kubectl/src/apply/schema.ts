import { allKinds } from '@keelson/types';
import { loadSchemas } from '@keelson/types/schemas';
import type { TypeSchema } from './plan.ts';

/** The schema of a built-in kind, which its strategic merge goes by; undefined for any other. */
export async function schemaOf(apiVersion: string, kind: string): Promise<TypeSchema | undefined> {
  const known = allKinds.find((each) => each.apiVersion === apiVersion && each.kind === kind);
  return known ? { schemas: await loadSchemas(), typeName: known.typeName } : undefined;
}
