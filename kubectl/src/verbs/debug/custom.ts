import { readFile } from 'node:fs/promises';
import { errorMessage } from '@keelson/base';
import { applyStrategicMergePatch, type JsonObject, parseYaml } from '@keelson/machinery';
import type { Container } from '@keelson/types';
import { schemaOf } from '../../apply/schema.ts';
import { fileProblem } from '../../errors.ts';

/** What is the debugger's own to say. */
const own = ['name', 'command', 'image', 'lifecycle', 'volumeDevices'] as const;

/** The part of a container in the file of `--custom`, JSON or YAML. @throws Error in kubectl's words. */
export async function customOf(file: string): Promise<Partial<Container> | undefined> {
  if (file === '') return undefined;
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Error(`must pass a container spec json file for custom profile: ${fileProblem(error)}`);
  });
  const container = containerIn(text, file);
  if (own.some((field) => container[field] !== undefined))
    throw new Error('name, command, image, lifecycle and volume devices are not modifiable via custom profile');
  return container;
}

function containerIn(text: string, file: string): Partial<Container> {
  const problem = `${file} does not contain a valid container spec`;
  try {
    const { value } = parseYaml(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Partial<Container>;
  } catch (error) {
    throw new Error(`${problem}: ${errorMessage(error)}`);
  }
  throw new Error(problem);
}

/** The container as a strategic merge makes it of the part: what stands in lists is found by its key. */
export async function customized<C extends object>(container: C, custom: Partial<Container> | undefined): Promise<C> {
  if (!custom) return container;
  const schema = await schemaOf('v1', 'Pod');
  const pod = { spec: { containers: [{ ...container, name: 'debugger' }] } };
  const patch = { spec: { containers: [{ ...custom, name: 'debugger' }] } };
  const merged = schema && applyStrategicMergePatch(pod as JsonObject, patch as JsonObject, schema.schemas, schema.typeName);
  const [made] = (merged as typeof pod | undefined)?.spec.containers ?? [];
  return { ...made, ...('name' in container ? { name: container.name } : {}) } as C;
}
