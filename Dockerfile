# ptx in a container, without a GPU:
#
#   docker build -t ptx .
#   docker run --rm -v "$PWD:/data" ptx transfer me.jpg --pose dancer.jpg -o out.png
#   docker run --rm -p 8765:8765 ptx app --host 0.0.0.0 --port 8765 --no-browser    # the page; it prints its address
#
# With one: docker build --build-arg TORCH=https://download.pytorch.org/whl/cu126 -t ptx . && docker run --gpus all ...
# The extra `video` brings FFmpeg with x264 and x265 (GPL); who passes the image on keeps to their licences (NOTICE).

FROM python:3.12-slim AS wheel
COPY . /ptx
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels /ptx

FROM python:3.12-slim
ARG TORCH=https://download.pytorch.org/whl/cpu
ARG EXTRAS=video,app,heif
COPY constraints.txt /tmp/constraints.txt
COPY --from=wheel /wheels /tmp/wheels
RUN pip install --no-cache-dir --extra-index-url "$TORCH" -c /tmp/constraints.txt "$(echo /tmp/wheels/ptx-*.whl)[$EXTRAS]" \
    && rm -rf /tmp/wheels /tmp/constraints.txt
RUN useradd --create-home ptx && mkdir /data /cache && chown ptx /data /cache
# Kernels are compiled at the first run, beside the package or, where that may not be written, here: mount it to keep them.
ENV NUMBA_CACHE_DIR=/cache
USER ptx
WORKDIR /data
ENTRYPOINT ["ptx"]
CMD ["--help"]
