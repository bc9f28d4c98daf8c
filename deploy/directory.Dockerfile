# SPDX-License-Identifier: Apache-2.0
# The image of the directory. Built from the root of the repository:
#   docker build -f deploy/directory.Dockerfile -t assay-directory .

FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY . .
# Builds as well.
RUN npm ci --no-audit --no-fund

# glibc and libstdc++, which node needs, and no shell.
FROM gcr.io/distroless/cc-debian12
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /src/build/directory.cjs /directory

# The heap of 20,000 endpoints and a burst of changes fits; without a limit V8 lets garbage lie.
ENV NODE_OPTIONS="--max-semi-space-size=8 --max-old-space-size=160"
ENV MALLOC_ARENA_MAX="1"

# Nobody: it reads its own ServiceAccount's token and what is mounted for it, and writes nothing.
USER 65532:65532
EXPOSE 8791/tcp
ENTRYPOINT ["/directory"]
