#!/bin/sh
# Writes the CRI codec anew after a change of cri.proto. Needs protoc (Debian: protobuf-compiler) and the repository's node_modules.
set -e
cd "$(dirname "$0")"
options=outputServices=generic-definitions,outputPartialMethods=false,esModuleInterop=true,importSuffix=.ts,forceLong=bigint,enumsAsLiterals=true,unrecognizedEnum=false,outputJsonMethods=false,removeEnumPrefix=true,env=node
PATH="$PWD/../../node_modules/.bin:$PATH" protoc --ts_proto_out=../src/cri/grpc/codec --ts_proto_opt="$options" cri.proto
