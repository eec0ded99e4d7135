/**
 * Reads @kubernetes/client-node's attribute maps: number formats, and which types and fields 1.36 really has
 * (kubernetes-models also keeps those of past releases).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Field, placeOf, type Shape, type TypeModel } from './model.ts';

interface Attribute {
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}

export class ClientNodeModels {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The attributes of `core.v1.Pod`, by field name; undefined when this release has no such type. */
  attributesOf(typeName: string): Map<string, Attribute> | undefined {
    const text = this.#read(typeName);
    if (text === undefined) return undefined;
    const start = text.indexOf('attributeTypeMap = [');
    if (start < 0) return new Map();
    const list = text.slice(text.indexOf('[', start), text.indexOf('];', start) + 1);
    return new Map((JSON.parse(list) as Attribute[]).map((a) => [a.baseName, a]));
  }

  /** Where a name is used in several groups the class has the group in front: `CoreV1Event`. */
  #read(typeName: string): string | undefined {
    const [group = '', version = '', name = ''] = typeName.split('.');
    const plain = `${capital(version)}${name}`;
    const file = [`${capital(group)}${plain}.js`, `${plain}.js`].map((f) => join(this.#folder, f)).find(existsSync);
    return file === undefined ? undefined : readFileSync(file, 'utf8');
  }

  /** A type that only this package has; its fields are of plain types and required. */
  wholeType(typeName: string): TypeModel {
    const fields = [...(this.attributesOf(typeName)?.values() ?? [])].map((a): Field => {
      if (a.type !== 'string') throw new Error(`${typeName}.${a.baseName}: only strings can be taken from client-node`);
      return { name: a.baseName, shape: { is: 'string' }, required: true, description: '', values: [], format: '' };
    });
    return { typeName, ...placeOf(typeName), description: '', gvk: undefined, fields };
  }
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** The type with this release's fields only, and its numbers' formats. */
export function refine(type: TypeModel, attributes: ReadonlyMap<string, Attribute>): TypeModel {
  const fields = type.fields.filter((f) => attributes.has(f.name));
  return { ...type, fields: fields.map((f) => withFormat(f, attributes.get(f.name)?.format ?? '')) };
}

function withFormat(field: Field, format: string): Field {
  if (format === 'byte') return { ...field, format };
  return { ...field, shape: formatted(field.shape, format) };
}

function formatted(shape: Shape, format: string): Shape {
  if (shape.is === 'number') return { is: 'number', format };
  if (shape.is === 'list' || shape.is === 'map') return { is: shape.is, of: formatted(shape.of, format) };
  return shape;
}
