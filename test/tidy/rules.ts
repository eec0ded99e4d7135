import { anyType, deadCode, layout, looseEnds, timeAndChance, vagueFolders } from './bans.ts';
import { declaredImports, pureFolders } from './imports.ts';
import type { Rule } from './rule.ts';
import { fileMax, fileP95, functionMax, functionP95, seamMax } from './sizes.ts';

/** The list of rules. What packages may import from each other is Nx's (eslint.config.mjs). */
export const rules: readonly Rule[] = [
  layout,
  vagueFolders,
  pureFolders,
  declaredImports,
  timeAndChance,
  anyType,
  looseEnds,
  deadCode,
  fileP95,
  fileMax,
  functionP95,
  functionMax,
  seamMax,
];
