import schemas from '../../generated/schemas.json' with { type: 'json' };
import type { Schemas } from '../schema.ts';

export default schemas as unknown as Schemas;
