import { badRequest, type DuplicateKey, duplicateLines, forbidden, type YamlDocument } from '@keelson/machinery';
import { describe } from '../auth/authorize.ts';
import { apply } from '../registry/apply.ts';
import type { Writable } from '../registry/writable.ts';
import { readBody } from './decode/body.ts';
import { checkDepth } from './decode/depth.ts';
import { duplicateFields } from './decode/duplicates.ts';
import { noComplaints, yamlComplaints, yamlError } from './decode/field-faults.ts';
import { parseYamlAside } from './decode/yaml-aside.ts';
import type { negotiate } from './negotiate.ts';
import { writeOptions } from './options.ts';
import { checkName, checkNamespace, sendWritten, writeRequest } from './request.ts';
import { isTrue } from './request-info.ts';
import type { ResourceRequest } from './resource-request.ts';

/** The media type of a server-side apply. Its body may be YAML or JSON. */
export const applyType = 'application/apply-patch+yaml';

/** Server-side apply of an object or its status: made when it is not there, where the client may. */
export async function serveApply(request: ResourceRequest, form: ReturnType<typeof negotiate>): Promise<void> {
  const { info, store, registry } = request;
  const config = await readConfiguration(request);
  const written = await apply(registry, store, info.name, {
    config,
    force: isTrue(info.query.get('force')),
    request: writeRequest(request, 'apply'),
    shape: (object) => shaped(request, object),
    mayCreate: () => mustBeAllowedToCreate(request),
  });
  await sendWritten(request, form, written.created ? 201 : 200, written);
}

/** The merged object as the kind has it, and as the URL names it. */
function shaped(request: ResourceRequest, merged: object): Writable {
  const { object } = request.decoder.decode(request.store.kind, merged, noComplaints, 'Ignore');
  checkNamespace(request, object);
  checkName(request, object);
  return object as Writable;
}

/** @throws StatusError BadRequest for what is no object, and in Strict mode for keys that stand twice. */
export async function readConfiguration(request: ResourceRequest): Promise<object> {
  const text = (await readBody(request.request)).toString();
  const { fieldValidation } = writeOptions(request.info.query, 'apply');
  const { config, duplicates } = await parse(text);
  checkDepth(config);
  request.audit?.requested(config);
  if (duplicates.length === 0 || fieldValidation === 'Ignore') return config;
  const complaints = yamlComplaints(duplicates);
  if (fieldValidation === 'Strict') throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${yamlError(complaints)}`);
  for (const complaint of complaints) request.warnings.push(complaint);
  return config;
}

/** Most bodies are JSON, which is read faster as such. */
async function parse(text: string): Promise<{ config: object; duplicates: readonly DuplicateKey[] }> {
  try {
    if (text.startsWith('{'))
      return { config: JSON.parse(text) as object, duplicates: duplicateFields(text).length > 0 ? duplicateLines(text) : [] };
  } catch {
    // It may be YAML in flow style still.
  }
  const { value, duplicates } = await parseAsYaml(text);
  if (value === null) return { config: {}, duplicates };
  if (typeof value === 'object' && !Array.isArray(value)) return { config: value, duplicates };
  const found = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  throw badRequest(
    `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${found} into Go value of type map[string]interface {}`,
  );
}

async function parseAsYaml(text: string): Promise<YamlDocument> {
  try {
    const { value, duplicates } = await parseYamlAside(text);
    return { value: value ?? null, duplicates };
  } catch (error) {
    throw badRequest(`error decoding YAML: ${(error as Error).message}`);
  }
}

/** Who may patch what is there may not thereby make what is not. */
async function mustBeAllowedToCreate({ info, user, services, store }: ResourceRequest): Promise<void> {
  const attributes = { ...info, verb: 'create', user };
  const decision = await services.authorize(attributes);
  if (decision.type !== 'allow') throw forbidden(store.groupResource, info.name, describe(attributes, decision.reason));
}
