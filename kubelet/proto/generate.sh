#!/bin/sh
# Writes the codecs of CRI, CSI, device plugins, drivers of claimed devices, pod resources and plugin registration anew after a change of their .proto files. Needs protoc (Debian: protobuf-compiler) and the repository's node_modules.
set -e
cd "$(dirname "$0")"
options=outputServices=generic-definitions,outputPartialMethods=false,esModuleInterop=true,importSuffix=.ts,forceLong=bigint,enumsAsLiterals=true,unrecognizedEnum=false,outputJsonMethods=false,removeEnumPrefix=true,env=node
PATH="$PWD/../../node_modules/.bin:$PATH"
export PATH
protoc --ts_proto_out=../src/cri/grpc/codec --ts_proto_opt="$options" cri.proto
protoc --ts_proto_out=../src/cri/grpc/codec --ts_proto_opt="$options" csi.proto pluginregistration.proto
protoc --ts_proto_out=../src/cri/grpc/codec --ts_proto_opt="$options" deviceplugin.proto dra.proto drahealth.proto podresources.proto
