# syntax=docker/dockerfile:1
# The image of the service. `docker build .` makes the one for CPUs, `--target cuda` the one for NVIDIA GPUs (x86-64).
# deploy/check-image.sh builds the latter without a Docker engine and runs what comes out.
#
# Tags may move. A release pins what it was tested with by digest: `docker buildx imagetools inspect node:<tag>` prints
# it, and `--build-arg NODE_IMAGE=node:<tag>@sha256:<digest>` (CUDA_IMAGE alike) uses it.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim
ARG CUDA_IMAGE=nvidia/cuda:12.9.1-cudnn-runtime-ubuntu24.04

# Compiles the service and prepares the model pack.
FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# A company's registry, proxy and credentials: `--secret id=npmrc,src=$HOME/.npmrc`. They stay out of the image.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci
COPY tsconfig.json nest-cli.json ./
COPY src src
COPY models models
COPY tools/cuda tools/cuda
RUN npm run build
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc node dist/models/tools/cli.js prepare default
# What has been compiled is no longer needed as source, nor is what only the next build would read.
RUN rm -rf models/tools dist/.tsbuildinfo

# The packages that run, without what they carry for other platforms, for compilers and for debuggers.
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci --omit=dev
# TypeScript is there as an optional peer of Nest's Swagger module, whose compiler plugin has done its work by now.
COPY tools/prune-platforms.mjs tools/
RUN node tools/prune-platforms.mjs --lean

# The same packages with ONNX Runtime's CUDA provider, as `npm run cuda` installs it; there is no GPU to check here.
FROM dependencies AS cuda-dependencies
COPY --from=build /app/dist dist
# Index of another NuGet feed, such as a company's mirror.
ARG CUDA_FEED=
RUN node dist/tools/cuda/cli.js --unchecked ${CUDA_FEED:+--feed "$CUDA_FEED"}

# For NVIDIA GPUs: CUDA and cuDNN come with the base image, the driver with the node it runs on.
FROM ${CUDA_IMAGE} AS cuda
ARG VERSION=0.0.0 REVISION=unknown
LABEL org.opencontainers.image.title="face-analysis-service (CUDA)" \
  org.opencontainers.image.description="Finds the faces in images, describes them and compares them." \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
COPY --from=build /usr/local/bin/node /usr/local/bin/node
WORKDIR /app
ENV NODE_ENV=production LOG_FORMAT=json EXECUTION_PROVIDERS=cuda
COPY package.json LICENSE ./
COPY --from=cuda-dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/models models
USER 65532:65532
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8000}/-/livez`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/main.js"]

# For CPUs.
FROM ${NODE_IMAGE} AS cpu
ARG VERSION=0.0.0 REVISION=unknown
LABEL org.opencontainers.image.title="face-analysis-service" \
  org.opencontainers.image.description="Finds the faces in images, describes them and compares them." \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
# Nothing is installed in a running container: no package managers to scan, to patch or to misuse.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn* /usr/local/bin/yarn*
WORKDIR /app
ENV NODE_ENV=production LOG_FORMAT=json
COPY package.json LICENSE ./
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/models models
USER 65532:65532
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8000}/-/livez`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/main.js"]
