// The door to hiredis, as a codec only: its formatter and its incremental reader, none of its sockets.
// Only declarations whose types differ between hiredis 0.14 and 1.x may be wrapped here.
#pragma once
#include <hiredis/hiredis.h>
