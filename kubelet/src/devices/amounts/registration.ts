import { join } from 'node:path';
import { type RegisterRequest, RegistrationDefinition } from '../../cri/grpc/codec/deviceplugin.ts';
import { serveSocket } from '../../cri/grpc/server.ts';
import type { Plugin, PluginHandler } from '../../plugins/types.ts';
import type { AmountManager } from './manager.ts';
import { isExtendedResource, version } from './names.ts';

const quoted = JSON.stringify;

/** Serves the socket by which device plugins register, in the directory they share with the kubelet. @throws Error */
export function serveRegistration(manager: Pick<AmountManager, 'connect'>, directory: string): Promise<() => void> {
  const register = async ({ version: asked, endpoint, resourceName }: RegisterRequest): Promise<object> => {
    if (asked !== version)
      throw new Error(`requested API version ${quoted(asked)} is not supported by kubelet. Supported version is [${quoted(version)}]`);
    if (!isExtendedResource(resourceName)) throw new Error(invalidName(resourceName));
    await manager.connect(resourceName, join(directory, endpoint));
    return {};
  };
  return serveSocket(join(directory, 'kubelet.sock'), [
    { name: 'v1beta1.Registration', definition: RegistrationDefinition, answers: { register } },
  ]);
}

/** For device plugins that register as other plugins do. */
export function deviceHandler(manager: Pick<AmountManager, 'connect' | 'disconnect'>): PluginHandler {
  return {
    whyNot({ name, versions }: Plugin) {
      if (!versions.includes(version)) return `manager version, ${version}, is not among plugin supported versions [${versions.join(' ')}]`;
      return isExtendedResource(name) ? undefined : `invalid name of device plugin socket: ${invalidName(name)}`;
    },
    register: ({ name, endpoint }) => manager.connect(name, endpoint),
    deregister: ({ name, endpoint }) => manager.disconnect(name, endpoint),
  };
}

function invalidName(name: string): string {
  return `the ResourceName ${quoted(name)} is invalid`;
}
