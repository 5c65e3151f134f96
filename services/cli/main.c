/* beistand-cli: `operator …` is the operator's; everything else is a technician's. */
#include "operator.h"
#include "technician.h"

#include <signal.h>
#include <string.h>

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && strcmp(argv[1], "operator") == 0)
        return operator_main(argc - 1, argv + 1);
    return technician_main(argc - 1, argv + 1);
}
