# SPDX-License-Identifier: Apache-2.0
# The image of the container akash-attestation-sidecar. Built from the root of the repository:
#   docker build -f deploy/sidecar.Dockerfile -t akash-attestation-sidecar .

FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY . .
# Builds as well.
RUN npm ci --no-audit --no-fund

# glibc and libstdc++, which node and koffi's prebuilt binary need, and no shell.
FROM gcr.io/distroless/cc-debian12
COPY --from=build /usr/local/bin/node /usr/local/bin/node
# For the two system calls and the ioctl that Node lacks, and for NVIDIA's library, which is the guest's
# own and no part of the image; loaded only where there is need.
COPY --from=build /src/node_modules/koffi /node_modules/koffi
COPY --from=build /src/node_modules/@koromix /node_modules/@koromix
COPY --from=build /src/build/sidecar.cjs /attestation-sidecar

# What holds AEP-83's limit of 64 MiB: the flags of V8, and what glibc reads before there is any code.
ENV NODE_OPTIONS="--max-semi-space-size=2 --max-old-space-size=28"
ENV MALLOC_ARENA_MAX="1"
ENV MALLOC_MMAP_THRESHOLD_="16384"

# As root: configfs and the devices are root's, and so are mounts and device nodes that Kata leaves out.
# Where the guest gives its devices to a group, --user does. Nothing is written to the root file system:
# nodes and the guest's root, which a GPU's driver is in, go to /dev.
USER 0:0
EXPOSE 8790/tcp
# AEP-83's command. No shell and no argument stand between it and the signals of Kubernetes.
ENTRYPOINT ["/attestation-sidecar"]
