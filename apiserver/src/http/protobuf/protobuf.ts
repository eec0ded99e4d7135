import { badRequest } from '@keelson/machinery';
import { type ProtobufField as Field, loadProtobuf, type ProtobufMessages, type Schemas } from '@keelson/types/schemas';
import { special } from './protobuf-special.ts';
import { Reader, toInt, type WireValue } from './protobuf-wire.ts';
import { zeroSays } from './protobuf-zeroes.ts';

/** Kubernetes' envelope: four bytes, then `runtime.Unknown` {1: TypeMeta {1: apiVersion, 2: kind}, 2: raw, …}. */
export const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

/** Reads a protobuf request body into the JSON form of the object. @throws StatusError BadRequest when it is none. */
export async function decodeProtobuf(body: Buffer, schemas: Schemas): Promise<unknown> {
  if (!body.subarray(0, 4).equals(magic))
    throw badRequest('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  const tables = { messages: await loadProtobuf(), schemas };
  try {
    const envelope = new Reader(body.subarray(4)).fields();
    const typeMeta = new Reader(envelope.get(1)?.[0] as Buffer).fields();
    const apiVersion = String(typeMeta.get(1)?.[0] ?? '');
    const kind = String(typeMeta.get(2)?.[0] ?? '');
    const message = messageFor(apiVersion, kind);
    if (!tables.messages[message]) throw new Error(`no kind "${kind}" is registered for version "${apiVersion}"`);
    const raw = (envelope.get(2)?.[0] as Buffer | undefined) ?? Buffer.alloc(0);
    return { ...(decodeMessage(tables, message, raw) as object), kind, apiVersion };
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: ${(error as Error).message}`);
  }
}

interface Tables {
  readonly messages: ProtobufMessages;
  readonly schemas: Schemas;
}

const metaKinds = new Set([
  'APIGroup',
  'APIGroupList',
  'APIResourceList',
  'APIVersions',
  'DeleteOptions',
  'CreateOptions',
  'UpdateOptions',
  'PatchOptions',
  'ListOptions',
  'GetOptions',
  'Status',
  'WatchEvent',
]);

/** `apps/v1 Deployment` → `apps.v1.Deployment`: the first label of the group names the package. */
export function messageFor(apiVersion: string, kind: string): string {
  if (metaKinds.has(kind)) return `meta.v1.${kind}`;
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion];
  return `${(group as string).split('.')[0]}.${version}.${kind}`;
}

/** `owner` is the type that embeds the message, if one does: its members are the owner's own in JSON. */
function decodeMessage(tables: Tables, message: string, bytes: Buffer, owner = message): unknown {
  const read = special[message];
  if (read) return read(bytes, (type, nested) => decodeMessage(tables, type, nested));
  if (isStringList(tables.messages, message)) return (new Reader(bytes).fields().get(1) ?? []).map(String);
  const known = new Map(tables.messages[message]?.fields.map((field) => [field[0], field]));
  const required = tables.schemas[owner]?.required ?? [];
  const object: Record<string, unknown> = {};
  for (const [number, values] of new Reader(bytes).fields()) {
    const field = known.get(number);
    if (field?.[1] === '') Object.assign(object, decodeMessage(tables, field[3], values.at(-1) as Buffer, owner));
    else if (field) addField(tables, object, field, values, required.includes(field[1]) || zeroSays(message, field[1]));
  }
  return object;
}

function addField(
  tables: Tables,
  object: Record<string, unknown>,
  [, name, label, type]: Field,
  values: readonly WireValue[],
  keepZero: boolean,
): void {
  if (label === 'map') {
    const valueType = type.slice(type.indexOf(',') + 1);
    const entries = values.map((value) => {
      const pair = new Reader(value as Buffer).fields();
      return [String(pair.get(1)?.[0] ?? ''), decodeValue(tables, valueType, pair.get(2)?.[0] ?? Buffer.alloc(0))];
    });
    object[name] = Object.fromEntries(entries);
  } else if (label === 'rep') {
    object[name] = values.flatMap((value) => decodeRepeated(tables, type, value));
  } else {
    const decoded = decodeValue(tables, type, values.at(-1) as WireValue);
    const zero = decoded === '' || decoded === 0 || decoded === false;
    if (decoded !== null && (!zero || keepZero)) object[name] = decoded;
  }
}

/** `ExtraValue`, `Verbs`: lists in JSON, messages with `items` on the wire. */
export function isStringList(messages: ProtobufMessages, message: string): boolean {
  const fields = messages[message]?.fields;
  return fields?.length === 1 && fields[0]?.[1] === 'items' && fields[0][3] === 'string';
}

/** Repeated numbers may come packed into one value. */
function decodeRepeated(tables: Tables, type: string, value: WireValue): unknown[] {
  if (Buffer.isBuffer(value) && /^(int|uint)(32|64)$/.test(type)) return new Reader(value).varints().map(toInt);
  return [decodeValue(tables, type, value)];
}

function decodeValue(tables: Tables, type: string, value: WireValue): unknown {
  switch (type) {
    case 'string':
      return value.toString();
    case 'bytes':
      return (value as Buffer).toString('base64');
    case 'bool':
      return value !== 0n;
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64':
      return toInt(value);
    case 'double':
      return (value as Buffer).readDoubleLE();
    default:
      return decodeMessage(tables, type, value as Buffer);
  }
}
