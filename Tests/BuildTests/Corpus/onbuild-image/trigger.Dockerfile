FROM base
ONBUILD ENV set=by-trigger
ONBUILD ARG name=default
ONBUILD COPY <<text src/* /from-trigger/
hello $name
text
ONBUILD RUN <<END
mv /from-trigger/text /moved && rm -r /from-trigger
cp /moved /from-trigger
END
ONBUILD COPY --from=assets /asset /asset
ONBUILD COPY --from=helper /helped /helped
ONBUILD WORKDIR /triggered
ONBUILD CMD ["triggered"]
CMD ["base"]
