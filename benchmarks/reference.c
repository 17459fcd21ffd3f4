/* The reference network's training, one sample at a time, as a C programmer would write it: 784-128-64-10, tanh. */
#include <math.h>

#define DEPTH 3
static const int width[DEPTH + 1] = {784, 128, 64, 10};

/* weights: W1 b1 W2 b2 W3 b3 in one array; returns the sum of the samples' losses. */
double train(REAL *restrict weights, const unsigned char *pixels, const unsigned char *labels, long samples, REAL rate)
{
    REAL x[DEPTH + 1][784], g[128], back[128];
    int used[DEPTH][784], count[DEPTH];
    double total = 0;
    for (long s = 0; s < samples; s++) {
        for (int i = 0; i < 784; i++) x[0][i] = pixels[s * 784 + i] / (REAL)255;
        REAL *W = weights;
        for (int l = 0; l < DEPTH; l++) {
            int n = width[l], m = width[l + 1], c = 0;
            REAL *b = W + n * m, z[128];
            for (int i = 0; i < n; i++) if (x[l][i] != 0) used[l][c++] = i;
            count[l] = c;
            for (int j = 0; j < m; j++) z[j] = b[j];
            int k = 0;
            for (; k + 4 <= c; k += 4) {
                const int *u = used[l] + k;
                REAL p = x[l][u[0]], q = x[l][u[1]], r = x[l][u[2]], t = x[l][u[3]];
                const REAL *P = W + u[0] * m, *Q = W + u[1] * m, *R = W + u[2] * m, *T = W + u[3] * m;
                for (int j = 0; j < m; j++) z[j] += p * P[j] + q * Q[j] + r * R[j] + t * T[j];
            }
            for (; k < c; k++)
                for (int j = 0; j < m; j++) z[j] += x[l][used[l][k]] * W[used[l][k] * m + j];
            for (int j = 0; j < m; j++) x[l + 1][j] = TANH(z[j]);
            W = b + m;
        }
        double loss = 0;
        for (int j = 0; j < 10; j++) {
            REAL y = x[DEPTH][j], d = y - (j == labels[s]);
            loss += d * d;
            g[j] = d / 5 * (1 - y * y);
        }
        total += loss / 10;
        for (int l = DEPTH - 1; l >= 0; l--) {
            int n = width[l], m = width[l + 1];
            W -= n * m + m;
            for (int i = 0; l && i < n; i++) {
                REAL dot = 0;
                for (int j = 0; j < m; j++) dot += W[i * m + j] * g[j];
                back[i] = dot * (1 - x[l][i] * x[l][i]);
            }
            for (int k = 0; k < count[l]; k++) {
                REAL a = rate * x[l][used[l][k]], *row = W + used[l][k] * m;
                for (int j = 0; j < m; j++) row[j] -= a * g[j];
            }
            for (int j = 0; j < m; j++) W[n * m + j] -= rate * g[j];
            for (int i = 0; l && i < n; i++) g[i] = back[i];
        }
    }
    return total;
}
