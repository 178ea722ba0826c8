#pragma once

#if !__has_include(<mpi.h>)
#error "mpi.h was not found: install Open MPI's headers (Debian: apt-get install libopenmpi-dev)"
#endif

#include <mpi.h>

#ifndef OPEN_MPI
#error "this mpi.h is not Open MPI's: AVER supports Open MPI 4.1 or later (Debian: libopenmpi-dev); put its ompi-c.pc first in PKG_CONFIG_PATH"
#endif

// Open MPI's predefined handles are macros that cast the address of a library's variable, which
// Swift does not import. Each function below is one such macro and nothing else.

// The communicator of all ranks; a macro over an address.
static inline MPI_Comm aver_mpi_comm_world(void) { return MPI_COMM_WORLD; }

// Makes calls return their codes instead of killing the process; a macro over an address.
static inline MPI_Errhandler aver_mpi_errors_return(void) { return MPI_ERRORS_RETURN; }

// The datatype of float32 buffers; a macro over an address.
static inline MPI_Datatype aver_mpi_float(void) { return MPI_FLOAT; }

// The datatype of byte arrays; a macro over an address.
static inline MPI_Datatype aver_mpi_byte(void) { return MPI_BYTE; }

// The datatype of flags; a macro over an address.
static inline MPI_Datatype aver_mpi_int32(void) { return MPI_INT32_T; }

// The datatype of bfloat16, which MPI does not know, where it is only moved; a macro over an address.
static inline MPI_Datatype aver_mpi_uint16(void) { return MPI_UINT16_T; }

// The datatype of lengths; a macro over an address.
static inline MPI_Datatype aver_mpi_int64(void) { return MPI_INT64_T; }

// The operator of the vendor's gradient sum; a macro over an address.
static inline MPI_Op aver_mpi_sum(void) { return MPI_SUM; }

// The operator that combines flags; a macro over an address.
static inline MPI_Op aver_mpi_max(void) { return MPI_MAX; }

// "No hints"; a macro over an address.
static inline MPI_Info aver_mpi_info_null(void) { return MPI_INFO_NULL; }

// A request that is not under way; a macro over an address.
static inline MPI_Request aver_mpi_request_null(void) { return MPI_REQUEST_NULL; }

// "The result replaces the input"; an integer cast to a pointer.
static inline const void *aver_mpi_in_place(void) { return MPI_IN_PLACE; }
