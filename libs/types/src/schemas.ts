/** The large tables, each loaded when first asked for. */
import type { Descriptions, ProtobufMessages, Schemas } from './schema.ts';

export type { Descriptions, ProtobufField, ProtobufMessages, Schema, Schemas } from './schema.ts';

/** Every type of the stable versions, by `core.v1.Pod`. All callers share the one record: do not change it. */
export async function loadSchemas(): Promise<Schemas> {
  return (await import('./load/schemas.ts')).default;
}

/** Only `/openapi` and `kubectl explain` need these. */
export async function loadDescriptions(): Promise<Descriptions> {
  return (await import('./load/descriptions.ts')).default;
}

/** The field tables that protobuf is read and written by. */
export async function loadProtobuf(): Promise<ProtobufMessages> {
  return (await import('./load/protobuf.ts')).default;
}
