import protobuf from '../../generated/protobuf.json' with { type: 'json' };
import type { ProtobufMessages } from '../schema.ts';

export default protobuf as unknown as ProtobufMessages;
