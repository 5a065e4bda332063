FROM base
RUN mkdir -p /opt/tool && echo tool > /opt/tool/run && chmod 700 /opt/tool/run
