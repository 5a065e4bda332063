#include "CLazyLibrary.h"
#include "shim.h"

static const struct caisson_library libyaml = {"libyaml-0.so.2", "install libyaml (Debian: libyaml-0-2)"};

#define FORWARD(result, function, parameters, arguments) \
    CAISSON_FORWARD(libyaml, result, function, parameters, arguments)

FORWARD(int, yaml_parser_initialize, (yaml_parser_t *parser), (parser))
FORWARD(void, yaml_parser_delete, (yaml_parser_t *parser), (parser))
FORWARD(void, yaml_parser_set_encoding, (yaml_parser_t *parser, yaml_encoding_t encoding), (parser, encoding))
FORWARD(void, yaml_parser_set_input_string, (yaml_parser_t *parser, const unsigned char *input, size_t size),
    (parser, input, size))
FORWARD(int, yaml_parser_parse, (yaml_parser_t *parser, yaml_event_t *event), (parser, event))
FORWARD(void, yaml_event_delete, (yaml_event_t *event), (event))
