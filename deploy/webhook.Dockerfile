# SPDX-License-Identifier: Apache-2.0
# The image of the webhook, and of the job that makes its certificates. Built from the root of the repository:
#   docker build -f deploy/webhook.Dockerfile -t assay-webhook .

FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY . .
# Builds as well.
RUN npm ci --no-audit --no-fund

# glibc and libstdc++, which node needs, and no shell.
FROM gcr.io/distroless/cc-debian12
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /src/build/webhook.cjs /assay-webhook
# A file of its own: the process that serves never loads a client of Kubernetes.
COPY --from=build /src/build/webhook-certs.cjs /assay-webhook-certs

# Within the Deployment's memory limit, with room for reviews under way beside it.
ENV NODE_OPTIONS="--max-semi-space-size=4 --max-old-space-size=160"
# Nobody has one, and who looks for a kubeconfig asks for it.
ENV HOME="/"

# Nobody. It reads two files of a Secret and writes nothing.
USER 65532:65532
EXPOSE 9443/tcp
# No shell and no argument stand between it and the signals of Kubernetes.
ENTRYPOINT ["/assay-webhook"]
