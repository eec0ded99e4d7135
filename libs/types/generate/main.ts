/** Writes `generated/`: run it with `node libs/types/generate/main.ts` after `npm ci` and after a change of the catalogue. */

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { readCatalogue } from './catalogue.ts';
import { emitFlat, emitKinds } from './emit-kinds.ts';
import { emitProtobuf } from './emit-protobuf.ts';
import { emitDescriptions, emitSchemas } from './emit-schemas.ts';
import { emitTypes } from './emit-types.ts';
import { gather } from './gather.ts';
import { writeFolder } from './output.ts';

const here = join(import.meta.dirname, '..');
const modules = join(dirname(createRequire(import.meta.url).resolve('kubernetes-models/package.json')), '..');
const json = (value: unknown): string => `${JSON.stringify(value)}\n`;

const model = gather(modules);
const fields = [...model.values()].reduce((sum, type) => sum + type.fields.length, 0);
console.log(`types: ${model.size} with ${fields} fields`);

const catalogue = readCatalogue(join(here, 'catalogue'));
console.log(`catalogue: ${catalogue.kinds.length} kinds, ${catalogue.merge.size} merge rules, ${catalogue.messages.size} messages`);

const types = emitTypes(model);
const files = new Map<string, string>([...types].map(([module, text]) => [`types/${module}.ts`, text]));
files.set('kinds.ts', emitKinds(model, catalogue));
files.set('flat.ts', emitFlat(model, catalogue));
files.set('schemas.json', json(emitSchemas(model, catalogue)));
files.set('descriptions.json', json(emitDescriptions(model)));
files.set('protobuf.json', json(emitProtobuf(model, catalogue)));
const changed = writeFolder(join(here, 'generated'), files);
console.log(`generated: ${files.size} files, ${changed} changed`);
