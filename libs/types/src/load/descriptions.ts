import descriptions from '../../generated/descriptions.json' with { type: 'json' };
import type { Descriptions } from '../schema.ts';

export default descriptions as unknown as Descriptions;
