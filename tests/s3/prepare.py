"""Makes a bucket in a server of moto, and an access key that may use it. Writes the key and its secret.

The server is to be started with INITIAL_NO_AUTH_ACTION_COUNT=4: after these four requests it checks signatures.
"""

import json
import sys

import boto3

endpoint, bucket = sys.argv[1:]


def client(service):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
    )


client("s3").create_bucket(Bucket=bucket)
iam = client("iam")
iam.create_user(UserName="builder")
statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
policy = {"Version": "2012-10-17", "Statement": [statement]}
iam.put_user_policy(UserName="builder", PolicyName="all", PolicyDocument=json.dumps(policy))
key = iam.create_access_key(UserName="builder")["AccessKey"]
print(key["AccessKeyId"], key["SecretAccessKey"])
